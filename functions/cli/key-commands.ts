/**
 * `slipway keys`: the keys in the store that tokens are signed with.
 *
 * @module
 */

import { selfSignedCertificate } from '../auth/keys/certificate.ts'
import { rotateSigningKeys, storedSigners, storedSigningKeys } from '../auth/keys/stored-keys.ts'
import { REFRESH_LIFE } from '../auth/token-service.ts'
import { SettingsError } from '../compose/errors.ts'
import { type CommandContext, expectWords, readSpan } from './command.ts'

/** How long certificates are good for unless told otherwise. */
const CERTIFICATE_LIFE = '10y'
/** Milliseconds by which the clock of whoever reads a certificate may be late. */
const CLOCKS_DIFFER = 60 * 60_000

/** `slipway keys list|rotate|certificates`. */
export const keysCommand = async (
  { store, now, print, say }: CommandContext,
  [verb, ...words]: readonly string[],
  flags: ReadonlyMap<string, string>,
): Promise<void> => {
  if (verb === 'list') {
    expectWords('keys list', words, 0)
    const { kid } = await storedSigningKeys(store, now).signer()
    for (const signer of await storedSigners(store, now())) {
      print(signer.kid === kid ? `${signer.kid}\tsigns` : signer.kid)
    }
    return
  }
  if (verb === 'rotate') {
    expectWords('keys rotate [--revoke]', words, 0)
    const revoke = flags.has('revoke')
    const options = { now: now(), longestToken: REFRESH_LIFE * 1000, revoke }
    print(await rotateSigningKeys(store, options))
    return say(
      revoke
        ? 'This key signs now, and all others are gone. Running registries see it within a minute: no token of before is good then.'
        : 'This key signs in ten minutes. Earlier ones go on for the tokens they have signed.',
    )
  }
  if (verb !== 'certificates')
    throw new SettingsError('usage: slipway keys list|rotate|certificates')
  expectWords('keys certificates [--expires 10y]', words, 0)
  const lifetime = readSpan('expires', flags.get('expires') ?? CERTIFICATE_LIFE)
  const from = now() - CLOCKS_DIFFER
  for (const signer of await storedSigners(store, now())) {
    const certificate = { signer, name: 'Slipway tokens', from, until: now() + lifetime }
    print((await selfSignedCertificate(certificate)).trimEnd())
  }
}
