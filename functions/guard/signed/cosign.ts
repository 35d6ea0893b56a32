/**
 * Signatures by cosign with keys: a simple signing payload with the signature in an annotation of its layer (cosign's
 * SIGNATURE_SPEC.md), and sigstore's bundles with a DSSE envelope around an in-toto statement, which cosign 3 makes.
 *
 * What only a log or an authority could say, as when it was signed, is not asked: a key of the policy is enough.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { isByKey, type Signers } from './signers.ts'

const payloadSchema = z.object({
  critical: z.object({
    image: z.object({ 'docker-manifest-digest': z.string() }),
    type: z.literal(['cosign container image signature', 'atomic container signature']),
  }),
})

const bundleSchema = z.object({
  dsseEnvelope: z.object({
    payload: z.string(),
    payloadType: z.literal('application/vnd.in-toto+json'),
    signatures: z.array(z.object({ sig: z.string() })).check(z.minLength(1), z.maxLength(16)),
  }),
})

/** What `cosign sign` states; attestations state other things, and are no signatures. */
const SIGNS = 'https://sigstore.dev/cosign/sign/v1'

const statementSchema = z.object({
  _type: z.literal(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.literal(SIGNS),
})

/** JSON that is as a schema says; undefined for any other. */
const read = <T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data
  } catch {
    return undefined
  }
}

/**
 * Whether a payload is a signature of one of these manifests by a key of the policy.
 *
 * @param signature base64, of the layer's annotation
 */
export const isSimplySigned = (
  { keys }: Signers,
  digests: readonly string[],
  payload: Uint8Array,
  signature: string,
): boolean => {
  const image = read(payloadSchema, payload)?.critical.image
  if (image === undefined || !digests.includes(image['docker-manifest-digest'])) return false
  return isByKey(keys, payload, Buffer.from(signature, 'base64'))
}

/** What is signed of a DSSE envelope (its protocol.md, "Signature Definition"). */
const preAuthentication = (type: string, payload: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `),
    payload,
  ])

/** Whether a bundle is a signature of one of these manifests by a key of the policy. */
export const isBundle = (
  { keys }: Signers,
  digests: readonly string[],
  bundle: Uint8Array,
): boolean => {
  const envelope = read(bundleSchema, bundle)?.dsseEnvelope
  if (envelope === undefined) return false
  const payload = Buffer.from(envelope.payload, 'base64')
  const signed = preAuthentication(envelope.payloadType, payload)
  const { subject = [] } = read(statementSchema, payload) ?? {}
  const names = subject.flatMap(({ digest }) =>
    Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
  )
  return (
    names.some((name) => digests.includes(name)) &&
    envelope.signatures.some(({ sig }) => isByKey(keys, signed, Buffer.from(sig, 'base64')))
  )
}
