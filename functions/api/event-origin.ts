/**
 * What an event tells of the request that has caused it: nothing secret, and no query, which may have an upload's
 * state.
 *
 * @module
 */

import { isIPv6 } from 'node:net'
import { nameOf } from '../auth/identity.ts'
import type { Origin } from '../registry/happened.ts'
import type { AppContext } from './env.ts'
import { addressOf, methodOf, originOf } from './middleware/permit.ts'

/** The caller; of an upload, who started it. */
const whoOf = (c: AppContext): string | undefined => {
  const caller = c.get('caller')
  return caller ? nameOf(caller.identity) : c.get('startedBy')
}

/** A name without its kind, as distribution has it. */
const actorOf = (who: string | undefined): string | undefined =>
  who?.includes(':') ? who.slice(who.indexOf(':') + 1) : undefined

/** The client's address, as distribution has it: with the port where it is known. */
const whence = (c: AppContext): string | undefined => {
  const address = addressOf(c)
  if (address === 'unknown') return undefined
  const port = c.env?.port
  if (port === undefined || address !== c.env.address) return address
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}

/** The origin of an event. */
export const eventOrigin = (c: AppContext): Origin => ({
  actor: actorOf(whoOf(c)),
  who: whoOf(c),
  request: {
    id: c.get('requestId'),
    addr: whence(c),
    host: new URL(originOf(c)).host,
    method: methodOf(c),
    userAgent: c.req.header('User-Agent'),
  },
})
