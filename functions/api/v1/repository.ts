/**
 * The repository in a path of the first API.
 *
 * @module
 */

import { V1Error } from '../../v1/errors.ts'
import { nameHere } from '../../v1/names.ts'
import type { V1 } from '../../v1/open.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { destinationOf } from '../upstreams.ts'
import { type Allowed, allow } from './access.ts'

/** One component or two. What follows it may look like the second: longer paths are registered first. */
export const REPOSITORY = '/v1/repositories/:name{[^/]+(?:/[^/]+)?}'

/** The same where nothing follows: docker ends it with a slash, which the router takes for a part of the name then. */
export const REPOSITORY_ALONE = '/v1/repositories/:name{[^/]+(?:/[^/]+)?/?}'

export const repositoryNotFound = (): V1Error => new V1Error('V1_UNKNOWN', 'Repository not found')

/** Names that this API cannot say are those of no repository. */
export const readName = (c: AppContext): string => {
  const name = nameHere(c.req.param('name')?.replace(/\/$/, '') ?? '')
  if (name === undefined) throw repositoryNotFound()
  return name
}

/** Lets a push continue, to a repository of this registry itself. @param name as for `allow` */
export const allowPush = async (
  c: AppContext,
  { upstreams }: Pick<AppOptions, 'upstreams'>,
  v1: V1,
  name: string | undefined,
): Promise<Allowed> => {
  const allowed = await allow(c, v1, name, 'push')
  const { on } = await destinationOf(c, upstreams?.find, allowed.name)
  if (on === undefined) return allowed
  throw new RequestError(
    'PULLED_THROUGH',
    'the repository is pushed on to another registry, which takes pushes of the second API only',
  )
}
