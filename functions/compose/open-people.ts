/**
 * How people log in, by the settings and the document of issuers.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { PeopleIssuer } from '../auth/issuers/document.ts'
import { createPeople, type People, type PeopleOptions } from '../auth/people/people.ts'
import { SettingsError } from './errors.ts'

/**
 * Reads the file with the secret of the client that this registry is at its people's issuer.
 *
 * @throws SettingsError when it cannot be read, or has nothing in it
 */
export const readLogInSecret = async (path: string): Promise<string> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SettingsError(`the file of --login-secret, ${path}, cannot be read: ${why}`, {
      cause,
    })
  }
  if (text.trim() !== '') return text.trim()
  throw new SettingsError(`the file of --login-secret, ${path}, is empty`)
}

/** Remembers how people log in as long as the document of issuers says the same. */
export const followingPeople = (options: PeopleOptions): ((at: PeopleIssuer) => People) => {
  let open: { readonly at: PeopleIssuer; readonly people: People } | undefined
  return (at) => {
    if (open?.at !== at) open = { at, people: createPeople(at, options) }
    return open.people
  }
}
