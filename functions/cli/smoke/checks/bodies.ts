/**
 * Bodies around the limits of Lambda and API Gateway: what must be accepted, and how the rest is refused.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { BODY_LIMIT } from '../../../compose/aws/lambda-limits.ts'
import { type Check, firstWrong } from '../check.ts'
import { jsonOf } from '../credentials.ts'
import type { Session } from '../session.ts'

/** Milliseconds that a refusal may take beyond the time to send the bytes. */
const PATIENCE = 15_000
const MB = 1_000_000

/** Who wrote a refusal, judged by its form. */
const authorOf = (body: unknown): string => {
  const { errors, message } = (body ?? {}) as { errors?: { code?: string }[]; message?: string }
  if (Array.isArray(errors)) return `${errors[0]?.code} of the registry`
  return typeof message === 'string' ? `${JSON.stringify(message)} of the gateway` : 'not JSON'
}

const sendBody = async (session: Session, size: number) => {
  const location = await session.begin()
  const reply = await session.ask('PATCH', location, {
    headers: { 'Content-Type': 'application/octet-stream' },
    body: randomBytes(size),
  })
  const next = reply.headers.get('Location')
  if (reply.status === 202 && next !== null) await session.ask('DELETE', session.resolve(next))
  return reply
}

/** The largest body that regctl is told to send through Lambda. */
const accepted: Check = {
  id: 'body-4.5MB',
  asks: `PATCH of ${BODY_LIMIT.bytes.toLocaleString('en')} bytes, as regctl is told to send`,
  advice: 'chunks must be smaller: regctl --blob-chunk; check what is in front of the registry',
  run: async (session) => {
    const { status, ms } = await sendBody(session, BODY_LIMIT.bytes)
    return {
      seen: `${status} after ${Math.round(ms)} ms`,
      wrong: firstWrong([status === 202, 'it is not accepted (expected 202)']),
    }
  },
}

/** A body that the Node server accepts and Lambda cannot. */
const beyond = (size: number): Check => ({
  id: `body-${size / MB}MB`,
  asks: `PATCH of ${size.toLocaleString('en')} bytes: accepted, or refused at once`,
  advice:
    'nothing can be set: tell those who push that larger blobs need regctl, or the Node server on the same bucket',
  run: async (session) => {
    const reply = await sendBody(session, size)
    const { status, early, ms } = reply
    const when = `after ${Math.round(ms)} ms${early ? ', before all was sent' : ''}`
    const refused = status === 413
    return {
      seen: `${status}${status === 202 ? '' : `: ${authorOf(jsonOf(reply))}`}, ${when}`,
      wrong: firstWrong(
        [status === 202 || refused, 'the refusal is not a 413: clients retry'],
        [!refused || ms < PATIENCE, 'the refusal takes too long'],
      ),
    }
  },
})

/** Checks of the size of bodies. */
export const bodyChecks: readonly Check[] = [
  accepted,
  ...[5 * MB, 7 * MB, 11 * MB].map((size) => beyond(size)),
]
