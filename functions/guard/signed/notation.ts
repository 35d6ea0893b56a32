/**
 * Signatures by notation: a JWS in its flattened form, whose certificates lead to one of the policy (Notary Project's
 * signature-specification.md and signature-envelope-jws.md).
 *
 * The certificates must be valid now: what a time stamp could prove of the past is not asked. The signing scheme
 * `notary.x509.signingAuthority`, and what a plugin would have to verify, are not accepted.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import { flattenedVerify } from 'jose'
import { verifyChain } from '../../auth/trusted-keys/x5c.ts'
import * as z from '../../shared/schema.ts'
import type { Signers } from './signers.ts'

const ALGORITHMS = ['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']

/** RFC 5280 4.2.1.12, as a signer's certificate must have it. */
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'

const SCHEME = 'io.cncf.notary.signingScheme'
const EXPIRY = 'io.cncf.notary.expiry'

const envelopeSchema = z.object({
  payload: z.string(),
  protected: z.string(),
  signature: z.string(),
  header: z.object({ x5c: z.array(z.string()) }),
})

const headSchema = z.looseObject({
  cty: z.literal('application/vnd.cncf.notary.payload.v1+json'),
  [SCHEME]: z.literal('notary.x509'),
  [EXPIRY]: z.optional(z.iso.datetime({ offset: true })),
})

const payloadSchema = z.object({ targetArtifact: z.object({ digest: z.string() }) })

/** Headers that a signature may make critical: all that are understood here. */
const CRITICAL = { [SCHEME]: true, [EXPIRY]: true }

/** The signer's certificate, if one of the policy's authorities stands for it. */
const signerOf = (
  { authorities }: Signers,
  x5c: readonly string[],
  now: number,
): X509Certificate | undefined => {
  for (const { root, names } of authorities) {
    try {
      const leaf = verifyChain(x5c, [root], now)
      if (leaf.keyUsage?.includes(CODE_SIGNING) && names(leaf)) return leaf
    } catch {
      // Another may.
    }
  }
  return undefined
}

/**
 * Whether an envelope is a signature of one of these manifests by a certificate of the policy.
 *
 * @param now milliseconds
 */
export const isNotarySigned = async (
  signers: Signers,
  digests: readonly string[],
  envelope: Uint8Array,
  now: number,
): Promise<boolean> => {
  try {
    const jws = envelopeSchema.parse(JSON.parse(Buffer.from(envelope).toString()))
    const { header, ...signed } = jws
    const signer = signerOf(signers, header.x5c, now)
    if (signer === undefined) return false
    const options = { algorithms: ALGORITHMS, crit: CRITICAL }
    const { payload, protectedHeader } = await flattenedVerify(signed, signer.publicKey, options)
    const head = headSchema.parse(protectedHeader)
    const expiry = head[EXPIRY]
    if (expiry !== undefined && Date.parse(expiry) <= now) return false
    const { targetArtifact } = payloadSchema.parse(JSON.parse(Buffer.from(payload).toString()))
    return digests.includes(targetArtifact.digest)
  } catch {
    // It is none, or does not hold.
    return false
  }
}
