/**
 * Those whose signatures are valid, ready to verify with.
 *
 * @module
 */

import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { certificateIdentity, hasAttributes, readAttributes } from '../../auth/certificate.ts'
import type { WrittenSigner } from '../../auth/policy/signer.ts'

/** An authority whose certificates are accepted, or a signer's own certificate. */
export interface Authority {
  readonly root: X509Certificate
  /** Whether the signer's certificate has the subject that the policy names. */
  names(certificate: X509Certificate): boolean
}

export interface Signers {
  readonly keys: readonly KeyObject[]
  readonly authorities: readonly Authority[]
}

const subjectOf = (certificate: X509Certificate): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(certificate.toLegacyObject().subject).map(([name, value]) => [
      name,
      [value].flat().map(String),
    ]),
  )

const authorityOf = (pem: string, subject: string | undefined): Authority => {
  const wanted = subject === undefined ? [] : (readAttributes(subject) ?? [])
  return {
    root: new X509Certificate(pem),
    names: (certificate) => hasAttributes(certificateIdentity(subjectOf(certificate)), wanted),
  }
}

/** Signers of a checked policy. */
export const signersOf = (written: readonly WrittenSigner[]): Signers => ({
  keys: written.flatMap(({ key }) => (key === undefined ? [] : [createPublicKey(key)])),
  authorities: written.flatMap(({ certificate, subject }) =>
    certificate === undefined ? [] : [authorityOf(certificate, subject)],
  ),
})

/** Hashes that sigstore's clients sign with, by the kind of key; older ones take SHA-256 for all. */
const HASHES: Readonly<Record<string, readonly string[]>> = {
  secp384r1: ['sha256', 'sha384'],
  secp521r1: ['sha256', 'sha512'],
}

/** Whether one of these keys has made a signature of these bytes, in the forms that sigstore has. */
export const isByKey = (
  keys: readonly KeyObject[],
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean =>
  keys.some((key) => {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, bytes, key, signature)
    const hashes = HASHES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? ['sha256']
    return hashes.some((hash) => verify(hash, bytes, key, signature))
  })

/** Whether two public keys are the same. */
export const isSameKey = (one: KeyObject, other: KeyObject): boolean =>
  one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other)
