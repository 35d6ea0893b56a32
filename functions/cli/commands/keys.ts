/**
 * `slipway keys`: the keys in the store that tokens are signed with.
 *
 * @module
 */

import { selfSignedCertificate } from '../../auth/keys/certificate.ts'
import {
  createStoredKeys,
  rotateSigningKeys,
  storedSigners,
  storedSigningKeys,
} from '../../auth/keys/stored-keys.ts'
import { REFRESH_LIFE } from '../../auth/token-service.ts'
import { SettingsError } from '../../compose/errors.ts'
import { createUploadSecret, renewUploadSecret } from '../../compose/open-store.ts'
import type { StoreIo } from '../command.ts'

/** Milliseconds by which the clock of a certificate's reader may be slow. */
const CLOCKS_DIFFER = 60 * 60_000

/** Where the keys are, as the settings have it. */
interface Given {
  readonly settings: { readonly 'signing-key': string | undefined }
}

/** @throws SettingsError where tokens are signed with other keys: these would be of no use */
const checkInUse = ({ settings }: Given): void => {
  if (settings['signing-key'] === undefined) return
  throw new SettingsError(
    '--signing-key is set: tokens are signed with keys that are not in the store',
  )
}

/** `slipway keys list`. */
export const listKeys = async ({ store, now, print }: StoreIo, given: Given): Promise<void> => {
  checkInUse(given)
  const signers = await storedSigners(store, now())
  const { kid } = await storedSigningKeys(store, now).signer()
  for (const signer of signers) {
    print(signer.kid === kid ? `${signer.kid}\tsigns` : signer.kid)
  }
}

/** `slipway keys create`. */
export const createKeys = async ({ store, now, say }: StoreIo, given: Given): Promise<void> => {
  checkInUse(given)
  const created = [await createStoredKeys(store, now()), await createUploadSecret(store)]
  say(
    created.some((each) => each)
      ? 'The keys are in the store. Whoever can read them there can be anybody to the registry.'
      : 'There are keys already; nothing has changed.',
  )
}

/** `slipway keys rotate`. */
export const rotateKeys = async (
  { store, now, print, say }: StoreIo,
  given: Given & { readonly flags: { readonly revoke: boolean } },
): Promise<void> => {
  checkInUse(given)
  const { revoke } = given.flags
  const options = { now: now(), longestToken: REFRESH_LIFE * 1000, revoke }
  print(await rotateSigningKeys(store, options))
  if (revoke) await renewUploadSecret(store)
  say(
    revoke
      ? 'This key signs from now on, and all others are gone. Running registries see it within 30 seconds; tokens issued and uploads begun before are no longer valid then.'
      : 'This key signs in ten minutes. Earlier ones stay for the tokens that they have signed.',
  )
}

/** `slipway keys certificates`. */
export const printCertificates = async (
  { store, now, print }: StoreIo,
  given: Given & { readonly flags: { readonly expires: number } },
): Promise<void> => {
  checkInUse(given)
  const from = now() - CLOCKS_DIFFER
  const until = now() + given.flags.expires
  for (const signer of await storedSigners(store, now())) {
    const certificate = { signer, name: 'Slipway tokens', from, until }
    print((await selfSignedCertificate(certificate)).trimEnd())
  }
}
