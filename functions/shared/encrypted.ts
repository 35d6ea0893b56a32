/**
 * Values encrypted for ourselves, as JWE in compact form (RFC 7516) with a shared key and AES-256-GCM, and no
 * other: what `jose` makes and reads with `dir` and `A256GCM`. Each request of an upload opens one value and
 * seals the next: over WebCrypto that took five times the processor time, and a turn of the threads that
 * file operations need.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { keyObjectOf } from './key-object.ts'

const ALGORITHM = 'aes-256-gcm'
/** Bytes of the nonce and of the tag (RFC 7518 section 5.3). */
const [NONCE, TAG] = [12, 16]

const HEADER = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM' })).toString('base64url')

/** Encrypts a value. @param key 32 bytes */
export const encrypt = (value: unknown, key: Uint8Array): string => {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv(ALGORITHM, keyObjectOf(key), nonce, { authTagLength: TAG })
  cipher.setAAD(Buffer.from(HEADER))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
  const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))
  return `${HEADER}..${parts.join('.')}`
}

/**
 * The bytes of a part. Decoders ignore the unused low bits of the last character, so several spellings would
 * otherwise open as one token.
 */
const decoded = (part: string): Buffer | undefined => {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}

/**
 * Decrypts what {@link encrypt} made with the same key.
 *
 * @returns undefined for anything else
 */
export const decrypt = (token: string, key: Uint8Array): unknown => {
  const [header, wrapped, ...parts] = token.split('.')
  const [nonce, sealed, tag] = parts.map(decoded)
  if (header !== HEADER || wrapped !== '' || parts.length > 3) return undefined
  if (nonce?.length !== NONCE || sealed === undefined || tag?.length !== TAG) return undefined
  const decipher = createDecipheriv(ALGORITHM, keyObjectOf(key), nonce, { authTagLength: TAG })
  decipher.setAAD(Buffer.from(HEADER))
  decipher.setAuthTag(tag)
  try {
    const text = Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8')
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
