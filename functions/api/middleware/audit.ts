/**
 * Events of the audit trail that the HTTP layer knows of: pushes and deletes.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { type Audit, nameOf } from '../../auth/audit.ts'
import type { AppEnv } from '../env.ts'
import { addressOf } from './permit.ts'

const WRITES: Readonly<Record<string, 'push' | 'delete'>> = {
  PUT: 'push',
  POST: 'push',
  DELETE: 'delete',
}

/** Reports each push that was taken in (201) and each delete that was carried out (202). */
export const auditWrites = (audit: Audit): MiddlewareHandler<AppEnv> =>
  async function auditWrites(c, next) {
    await next()
    const event = WRITES[c.req.method]
    const done = c.res.status === (event === 'delete' ? 202 : 201)
    if (event === undefined || !done) return
    const caller = c.get('caller')
    const who = caller ? nameOf(caller.identity) : c.get('uploader')
    const digest = c.res.headers.get('Docker-Content-Digest')
    audit({
      event,
      what: digest === null ? c.req.path : `${c.req.path.replace(/\/uploads\/.*/, '')} ${digest}`,
      from: addressOf(c),
      outcome: 'ok',
      requestId: c.get('requestId'),
      ...(who === undefined ? {} : { who }),
    })
  }
