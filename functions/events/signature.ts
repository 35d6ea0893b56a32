/**
 * Signatures of notifications, as Standard Webhooks 1.0 has them.
 *
 * @module
 */

import { createHmac } from 'node:crypto'

/** The key in a secret: Base64 after `whsec_`, and else the text itself. */
const keyOf = (secret: string): Buffer => {
  if (!secret.startsWith('whsec_')) return Buffer.from(secret)
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  // Anybody could sign with it.
  if (key.byteLength === 0) throw new Error('a secret is empty: expected Base64 after whsec_')
  return key
}

/**
 * The headers of a notification.
 *
 * @param now milliseconds
 * @param secrets none: it is not signed
 * @throws Error for one with an empty key
 */
export const webhookHeaders = (
  id: string,
  body: string,
  now: number,
  secrets: readonly string[],
): Readonly<Record<string, string>> => {
  const time = String(Math.floor(now / 1000))
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${time}.${body}`)
    return `v1,${mac.digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': time,
    ...(signatures.length === 0 ? {} : { 'webhook-signature': signatures.join(' ') }),
  }
}
