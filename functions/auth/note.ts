/**
 * A note of who began something that goes on after the request, such as an upload, for a later request
 * to check whether the same caller still has its right. It contains no secret, but must come back
 * unchanged: whoever keeps it seals it.
 *
 * @module
 */

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as z from '../shared/schema.ts'
import { MAX_READ } from './tokens/claims.ts'

/** Most bytes of another issuer's claims, compressed: notes travel in URLs. */
const MAX_CLAIMS = 1536

const note = z.discriminatedUnion('by', [
  z.object({
    by: z.literal('anonymous'),
    /** `kid` of our key that signed the caller's token, if it had one. */
    key: z.optional(z.string()),
  }),
  z.object({
    by: z.literal('account'),
    /** As it logs in. */
    name: z.string(),
    key: z.optional(z.string()),
    /** Fingerprint of the password or secret; tokens of version 1.0 do not tell. */
    credential: z.optional(z.string()),
    /** `iss` of the token that a robot logged in with: `credential` is then of what the robot is bound to. */
    issuer: z.optional(z.string()),
  }),
  z.object({
    by: z.literal('issuer'),
    /** `iss` of the token. */
    issuer: z.string(),
    /** Its claims, for the policy. Absent: the token itself granted the right. */
    claims: z.optional(z.string()),
    /** `kid` of our key, if it signed a token that was issued for the issuer's. */
    key: z.optional(z.string()),
  }),
  z.object({
    by: z.literal('aws'),
    /** ARN of the user or role. */
    name: z.string(),
    key: z.optional(z.string()),
  }),
  z.object({
    by: z.literal('certificate'),
    id: z.object({ issuer: z.string(), serial: z.string(), ends: z.number() }),
    /** Attributes of its subject. */
    subject: z.readonly(z.record(z.string(), z.readonly(z.array(z.string())))),
  }),
])

/** Who began it. */
export type Note = z.infer<typeof note>

/** Claims as a note has them; undefined if they are too large. */
export const packClaims = (claims: Readonly<Record<string, unknown>>): string | undefined => {
  const packed = deflateRawSync(JSON.stringify(claims))
  return packed.length > MAX_CLAIMS ? undefined : packed.toString('base64url')
}

/** The claims that `packClaims` packed. @throws Error when they are something else */
export const unpackClaims = (packed: string): Readonly<Record<string, unknown>> => {
  const bytes = Buffer.from(packed, 'base64url')
  const text = inflateRawSync(bytes, { maxOutputLength: 2 * MAX_READ }).toString()
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
}

/** A note as text. */
export const writeNote = (value: Note): string => JSON.stringify(value)

/** Reads what {@link writeNote} wrote. @throws Error when it is something else */
export const readNote = (text: string): Note => note.parse(JSON.parse(text))
