/**
 * Signatures that manifests of schema 1 carry themselves.
 *
 * @module
 */

import { createPublicKey } from 'node:crypto'
import { verifyChain } from '../../auth/trusted-keys/x5c.ts'
import { digestOf } from '../../registry/reference.ts'
import { readSigned, type Signature } from '../../schema1/signed.ts'
import { verify } from '../../schema1/verify.ts'
import { isSameKey, type Signers } from './signers.ts'

const isOf = ({ keys, authorities }: Signers, { header }: Signature, now: number): boolean => {
  const { jwk, x5c } = header
  if (x5c?.[0] !== undefined) {
    return authorities.some(({ root, names }) => {
      try {
        return names(verifyChain(x5c, [root], now))
      } catch {
        return false
      }
    })
  }
  if (jwk === undefined) return false
  const own = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  return keys.some((key) => isSameKey(key, own))
}

/**
 * Whether a manifest with its signatures is one of these, and one of its signatures is by a key or certificate of the
 * policy; all must hold.
 *
 * @param now milliseconds
 */
export const isSignedOld = async (
  signers: Signers,
  digests: readonly string[],
  bytes: Uint8Array,
  now: number,
): Promise<boolean> => {
  try {
    const manifest = await readSigned(bytes)
    if (!digests.includes(digestOf(manifest.payload))) return false
    await verify(manifest, { roots: undefined, now })
    return manifest.signatures.some((signature) => isOf(signers, signature, now))
  } catch {
    // It is none, or does not hold.
    return false
  }
}
