/**
 * Names of repositories in the first API: a namespace and a name. Of a name alone, the namespace is `library`, so a
 * repository of this registry whose name has one component, or three, cannot be said there, and is not found.
 *
 * @module
 */

import { isName } from '../registry/reference.ts'

const DEFAULT = 'library'

/** The name of a repository here; undefined for what is not one, or has more than two components. */
export const nameHere = (path: string): string | undefined => {
  const parts = path.split('/')
  const name = parts.length === 1 ? `${DEFAULT}/${path}` : path
  return parts.length <= 2 && isName(name) ? name : undefined
}

/** Ids of images, as docker makes them: no others have keys here. */
export const isId = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{64}$/.test(text)
