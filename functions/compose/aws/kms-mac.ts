/**
 * Secrets derived from a key in AWS KMS, so that nothing secret is kept anywhere else. The key is of
 * KeySpec HMAC_256 and KeyUsage GENERATE_VERIFY_MAC; the function or machine may `kms:GenerateMac`
 * with it.
 *
 * @module
 */

import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms'
import { SettingsError } from '../errors.ts'

/**
 * Derives 32 bytes, the same each time for the same key and purpose.
 *
 * @param KeyId key id, ARN or alias
 * @param purpose what they are for; secrets for different purposes reveal nothing about each other
 * @throws KMSServiceException when KMS refuses or fails
 */
export const secretFromKms = async (
  KeyId: string,
  purpose: string,
  region: string,
): Promise<Uint8Array> => {
  const { Mac } = await new KMSClient({ region }).send(
    new GenerateMacCommand({
      KeyId,
      Message: new TextEncoder().encode(purpose),
      MacAlgorithm: 'HMAC_SHA_256',
    }),
  )
  if (Mac?.byteLength !== 32)
    throw new SettingsError(`KMS returned no MAC of 32 bytes for ${KeyId}`)
  return Mac
}
