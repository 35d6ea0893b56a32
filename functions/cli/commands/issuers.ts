/**
 * `slipway issuers`: whose tokens are accepted beside this registry's own.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { checkIssuers as checkDocument } from '../../auth/issuers/check.ts'
import { parseIssuers, peopleOf } from '../../auth/issuers/document.ts'
import type { TrustedIssuer } from '../../auth/issuers/verify.ts'
import { createProvider } from '../../auth/people/provider.ts'
import { ISSUERS_KEY } from '../../registry/layout.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DocumentIo } from '../ways/document-io.ts'

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Says what each issuer's tokens are verified with; a URL may be out of this machine's reach only. */
const sayKeys = async ({ say }: Io, issuers: readonly TrustedIssuer[]) => {
  for (const { issuer, source } of issuers) {
    try {
      const { length } = await source.keys()
      say(`${issuer}: ${length} ${length === 1 ? 'key' : 'keys'}`)
    } catch (error) {
      say(`${issuer}: its keys cannot be fetched from here: ${messageOf(error)}`)
    }
  }
}

/** Says where people log in, if they do. */
const sayPeople = async (
  { say, now }: Io,
  text: string,
  issuers: readonly TrustedIssuer[],
): Promise<void> => {
  const people = peopleOf(await parseIssuers(text), issuers)
  if (people === undefined) return
  const { trusted, login } = people
  const none = { at: trusted.issuer, state: '', nonce: '', verifier: '', returnTo: '/', since: 0 }
  try {
    const url = await createProvider(people, undefined, now).authorizationUrl(none, '')
    const place = url.replace(/\?.*/, '')
    say(`${trusted.issuer}: people log in at ${place} with the client ${login.clientId}`)
  } catch (error) {
    const why = error instanceof Error ? messageOf(error.cause ?? error) : messageOf(error)
    say(`${trusted.issuer}: where people log in cannot be found out from here: ${why}`)
  }
}

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

const readIssuers = async (io: Io, { args: { file } }: Given): Promise<string> => {
  const text = await io.readFile(file)
  const issuers = await checkDocument(text, io.now)
  await sayKeys(io, issuers)
  await sayPeople(io, text, issuers)
  return text
}

/** `slipway issuers check`. */
export const checkIssuers = async (io: Io, given: Given): Promise<void> => {
  await readIssuers(io, given)
}

/** `slipway issuers set`. */
export const setIssuers = async (io: DocumentIo, given: Given): Promise<void> => {
  const text = await readIssuers(io, given)
  const written = await io.edit(ISSUERS_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway issuers show`. */
export const showIssuers = async ({ store, print }: DocumentIo): Promise<void> => {
  const text = await readDocument(store, ISSUERS_KEY)
  if (text === undefined) {
    throw new CommandError('only tokens of this registry itself are accepted: no issuers are set')
  }
  print(text.replace(/\n$/, ''))
}
