/**
 * Signatures of notifications, as Standard Webhooks 1.0 has them.
 *
 * @module
 */

import { createHmac } from 'node:crypto'

/** The key in a secret: Base64 after `whsec_`, and else the text itself. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret)

/**
 * The headers of a notification.
 *
 * @param now milliseconds
 * @param secrets none: it is not signed
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
