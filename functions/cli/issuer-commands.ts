/**
 * `slipway issuers`: whose tokens are accepted beside this registry's own.
 *
 * @module
 */

import { DocumentError, editDocument, readDocument } from '../auth/document.ts'
import { parseIssuers, trustedIssuer } from '../auth/issuers.ts'
import { createTokenVerifier, type TrustedIssuer } from '../auth/tokens/verify.ts'
import { SettingsError } from '../compose/errors.ts'
import { ISSUERS_KEY } from '../registry/layout.ts'
import { type CommandContext, expectWords, SEEN_WITHIN } from './command.ts'

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/**
 * Reads the issuers of a document, with their keys.
 *
 * @throws DocumentError naming the issuer whose keys or certificates cannot be read
 */
const readTrusted = async (text: string, now: () => number): Promise<TrustedIssuer[]> => {
  const trusted: TrustedIssuer[] = []
  for (const entry of await parseIssuers(text)) {
    try {
      trusted.push(await trustedIssuer(entry, 'slipway', now))
    } catch (cause) {
      throw new DocumentError(`issuers: ${entry.issuer}: ${messageOf(cause)}`, { cause })
    }
  }
  try {
    createTokenVerifier({ issuers: trusted, now })
  } catch (cause) {
    throw new DocumentError(`issuers: ${messageOf(cause)}`, { cause })
  }
  return trusted
}

/** Says what each issuer's tokens are verified with; a URL may be out of this machine's reach only. */
const sayKeys = async ({ say }: CommandContext, issuers: readonly TrustedIssuer[]) => {
  for (const { issuer, source } of issuers) {
    try {
      const { length } = await source.keys()
      say(`${issuer}: ${length} ${length === 1 ? 'key' : 'keys'}`)
    } catch (error) {
      say(`${issuer}: its keys cannot be fetched from here: ${messageOf(error)}`)
    }
  }
}

/** `slipway issuers check|set|show`. */
export const issuersCommand = async (
  context: CommandContext,
  [verb, ...words]: readonly string[],
): Promise<void> => {
  const { store, now, print, say, readFile } = context
  if (verb === 'check' || verb === 'set') {
    expectWords(`issuers ${verb} <file>`, words, 1)
    const text = await readFile(words[0] ?? '')
    await sayKeys(context, await readTrusted(text, now))
    if (verb === 'check') return
    const written = await editDocument(store, ISSUERS_KEY, () => text)
    return say(written ? `It is set. ${SEEN_WITHIN}` : 'It was set already.')
  }
  if (verb !== 'show') throw new SettingsError('usage: slipway issuers check|set|show')
  expectWords('issuers show', words, 0)
  const text = await readDocument(store, ISSUERS_KEY)
  if (text === undefined) throw new SettingsError('no tokens but those of this registry are taken')
  print(text.replace(/\n$/, ''))
}
