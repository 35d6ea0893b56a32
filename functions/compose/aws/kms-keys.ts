/**
 * Signing keys in AWS KMS: the private keys never leave it. They are of KeySpec ECC_NIST_P256 and
 * KeyUsage SIGN_VERIFY; the function or machine may `kms:Sign` and `kms:GetPublicKey` with them.
 *
 * @module
 */

import { createPublicKey } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { derToRaw } from '../../auth/keys/der.ts'
import { publicJwk, type Signer, type SigningKeys } from '../../auth/keys/signing-keys.ts'
import { once } from '../../shared/once.ts'
import { SettingsError } from '../errors.ts'

const openSigner = async (client: KMSClient, KeyId: string): Promise<Signer> => {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }))
  if (PublicKey === undefined) throw new SettingsError(`KMS returned no public key for ${KeyId}`)
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
  const jwk = publicJwk(key)
  return {
    algorithm: 'ES256',
    kid: jwk.kid,
    publicJwk: jwk,
    async sign(data) {
      const { Signature } = await client.send(
        new SignCommand({
          KeyId,
          // KMS hashes it: at most 4096 bytes, and a token has no more.
          Message: data,
          MessageType: 'RAW',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      )
      if (Signature === undefined) throw new Error(`KMS returned no signature for ${KeyId}`)
      return derToRaw(Signature)
    },
  }
}

/**
 * Keys in KMS. The first signs, all of them verify. To rotate, name the new key after the old one,
 * swap them ten minutes later, and drop the old one when its last token has expired.
 *
 * Public keys are fetched when first needed, and again if that fails.
 *
 * @param ids key ids, ARNs or aliases; at least one
 * @throws TypeError when one is not a P-256 key, once it is fetched
 */
export const kmsSigningKeys = (ids: readonly string[], region: string): SigningKeys => {
  const client = new KMSClient({ region })
  const signers = once(() => Promise.all(ids.map((id) => openSigner(client, id))))
  return {
    async signer() {
      const [first] = await signers()
      if (first === undefined) throw new SettingsError('--signing-key names no KMS key')
      return first
    },
    published: async () => (await signers()).map((signer) => signer.publicJwk),
  }
}
