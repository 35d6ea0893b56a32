/**
 * The signing keys as they are stored: one JSON document with several private keys, so that keys can
 * be rotated without invalidating tokens.
 *
 * A key's life: published from `created`, signs from `signsFrom` until a newer one does, verifies
 * until `ends`. A key that is rotated in is published {@link PUBLISH_AHEAD} before it signs, so
 * that all instances, and everyone who fetches our key set, know it before they see its first
 * token.
 *
 * @module
 */

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SIGNING_KEYS_KEY } from '../../registry/layout.ts'
import { DocumentError } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { publishedAt } from './signing-keys.ts'

/** Milliseconds between a new key's publication and its first signature. */
export const PUBLISH_AHEAD = 10 * 60_000

/** Milliseconds a key remains valid after its last token: the clocks and caches of others lag. */
const GRACE = 5 * 60_000

const time = z.int().check(z.nonnegative())

const schema = z.object({
  version: z.literal(1),
  keys: z
    .array(
      z.object({
        jwk: z.object({
          kty: z.literal('EC'),
          crv: z.literal('P-256'),
          x: z.string(),
          y: z.string(),
          d: z.string(),
        }),
        created: time,
        signsFrom: time,
        ends: z.optional(time),
      }),
    )
    .check(z.minLength(1), z.maxLength(100)),
})

/** Milliseconds since 1970 throughout. Oldest key first. */
export type KeyDocument = Readonly<z.infer<typeof schema>>
type StoredKey = KeyDocument['keys'][number]

const newKey = (created: number, signsFrom: number): StoredKey => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' })
  return { jwk: { kty: 'EC', crv: 'P-256', x, y, d }, created, signsFrom }
}

/** A document with one new key, which signs immediately. */
export const newKeyDocument = (now: number): KeyDocument => ({
  version: 1,
  keys: [newKey(now, now)],
})

/**
 * Reads a document.
 *
 * @throws DocumentError when it is invalid; the message never quotes it
 */
export const parseKeyDocument = (bytes: Uint8Array): KeyDocument => {
  try {
    const document = schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    for (const key of document.keys) privateKey(key)
    return document
  } catch {
    // Without the cause, which would quote the text around the mistake: a private key.
    throw new DocumentError(
      `the document of signing keys, ${SIGNING_KEYS_KEY}, is damaged: restore it, or delete it to have new keys made; tokens issued before are then no longer valid`,
    )
  }
}

/** The private key of an entry. */
export const privateKey = ({ jwk }: StoredKey): KeyObject =>
  createPrivateKey({ key: jwk, format: 'jwk' })

export interface RotateOptions {
  /** Clock in milliseconds. */
  readonly now: number
  /** Milliseconds the longest token lasts, refresh tokens included. */
  readonly longestToken: number
  /**
   * For a key that was stolen: all existing keys end now, and with them every token, and the new one
   * signs immediately.
   */
  readonly revoke?: boolean
}

/** The document with one more key, and without those whose last token has expired. */
export const withNewKey = (document: KeyDocument, options: RotateOptions): KeyDocument => {
  const { now, longestToken, revoke = false } = options
  if (revoke) return newKeyDocument(now)
  const signsFrom = now + PUBLISH_AHEAD
  const kept = publishedAt(document.keys, now).map((key) => ({
    ...key,
    ends: key.ends ?? signsFrom + longestToken + GRACE,
  }))
  return { version: 1, keys: [...kept, newKey(now, signsFrom)] }
}
