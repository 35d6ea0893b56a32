/**
 * What the audit trail has of the first API: the statuses of its responses do not tell, as those of the second do.
 *
 * @module
 */

import type { AuditEvent } from '../../auth/audit.ts'
import { nameOf } from '../../auth/identity.ts'
import type { AppContext } from '../env.ts'
import { addressOf } from '../middleware/permit.ts'

/**
 * Reports a request that succeeded.
 *
 * @param what the path, or what it stands for
 * @param who whom a token was issued to; otherwise it is the caller
 */
export const report = (
  c: AppContext,
  event: AuditEvent['event'],
  what: string,
  who?: string,
): void => {
  const caller = c.get('caller')
  const name = who ?? (caller && nameOf(caller.identity))
  c.get('audit')({
    event,
    what,
    from: addressOf(c),
    outcome: 'ok',
    requestId: c.get('requestId'),
    ...(name === undefined ? {} : { who: name }),
  })
}
