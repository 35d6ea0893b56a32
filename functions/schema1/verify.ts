/**
 * Signatures of manifests of schema 1: JWS whose keys stand beside them, by themselves or in certificates.
 *
 * @module
 */

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { flattenedVerify } from 'jose'
import { libtrustId } from '../auth/keys/key-id.ts'
import { verifyChain } from '../auth/trusted-keys/x5c.ts'
import { unverified } from './errors.ts'
import type { Signature, SignedManifest } from './signed.ts'

/** What libtrust signs with (its ec_key.go and rsa_key.go). */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512']

/** Bits of the smallest RSA key. */
const SMALLEST_RSA = 2048

/** Whom a registry trusts. */
export interface Trust {
  /** Certificates to which the chain of a signer leads; undefined where any key may sign. */
  readonly roots: readonly X509Certificate[] | undefined
  /** Milliseconds. */
  readonly now: number
}

const keyOf = ({ header: { jwk, x5c } }: Signature, { roots, now }: Trust): KeyObject => {
  if (x5c?.[0] !== undefined) {
    if (roots !== undefined) return verifyChain(x5c, roots, now).publicKey
    return new X509Certificate(Buffer.from(x5c[0], 'base64')).publicKey
  }
  if (jwk === undefined) throw new TypeError('it has neither jwk nor x5c')
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  if (jwk.kid !== undefined && jwk.kid !== libtrustId(key)) {
    throw new TypeError(`its kid is not that of its key, ${libtrustId(key)}`)
  }
  return key
}

const verifyOne = async (payload: string, signature: Signature, trust: Trust): Promise<void> => {
  const key = keyOf(signature, trust)
  const { modulusLength = SMALLEST_RSA } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < SMALLEST_RSA) {
    throw new TypeError(`its RSA key has ${modulusLength} bits: expected ${SMALLEST_RSA} or more`)
  }
  const { header, signature: value, protected: head } = signature
  const jws = { payload, protected: head, header: { alg: header.alg }, signature: value }
  await flattenedVerify(jws, key, { algorithms: ALGORITHMS })
}

/**
 * Verifies all signatures of a manifest. With roots, all must be by certificates that lead to them.
 *
 * @throws Schema1Error MANIFEST_UNVERIFIED naming the first that does not hold, and why
 */
export const verify = async (
  { payload, signatures }: Pick<SignedManifest, 'payload' | 'signatures'>,
  trust: Trust,
): Promise<void> => {
  const encoded = Buffer.from(payload).toString('base64url')
  for (const [at, signature] of signatures.entries()) {
    if (trust.roots !== undefined && !signature.header.x5c?.length) {
      throw unverified(
        `has a signature ${at + 1} without certificates (x5c), by which alone a signer is known here`,
      )
    }
    try {
      await verifyOne(encoded, signature, trust)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw unverified(`has a signature ${at + 1} that does not hold: ${why}`, cause)
    }
  }
}
