/**
 * What an event tells of the request that has caused it: nothing secret, and no query, which may have an upload's
 * state.
 *
 * @module
 */

import { nameOf } from '../auth/identity.ts'
import type { Origin } from '../registry/happened.ts'
import type { AppContext } from './env.ts'
import { addressOf, originOf } from './middleware/permit.ts'

/** The caller's name without its kind, as distribution has it; of an upload, who started it. */
const actorOf = (c: AppContext): string | undefined => {
  const caller = c.get('caller')
  const who = caller ? nameOf(caller.identity) : c.get('startedBy')
  return who?.includes(':') ? who.slice(who.indexOf(':') + 1) : undefined
}

/** The origin of an event. */
export const eventOrigin = (c: AppContext): Origin => {
  const addr = addressOf(c)
  return {
    actor: actorOf(c),
    request: {
      id: c.get('requestId'),
      addr: addr === 'unknown' ? undefined : addr,
      host: new URL(originOf(c)).host,
      method: c.env?.clientMethod ?? c.req.method,
      userAgent: c.req.header('User-Agent'),
    },
  }
}
