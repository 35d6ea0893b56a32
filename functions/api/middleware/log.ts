/**
 * What is recorded of a request: one structured log line, and an audit event for pushes and deletes.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { Audit } from '../../auth/audit.ts'
import { nameOf } from '../../auth/identity.ts'
import type { AppEnv, RequestLogger } from '../env.ts'
import { addressOf } from './permit.ts'

/**
 * Logs method, path, status, time and size of each request, and the cause of each 5xx. Queries are
 * left out: they carry upload states.
 */
export const requestLog = (logger: RequestLogger): MiddlewareHandler<AppEnv> =>
  async function requestLog(c, next) {
    const start = performance.now()
    await next()
    const { status, headers } = c.res
    const failure = c.get('failure')
    const fields = {
      requestId: c.get('requestId'),
      // Some hosts pass no environment at all.
      method: c.env?.clientMethod ?? c.req.method,
      path: c.req.path,
      status,
      milliseconds: Math.round((performance.now() - start) * 10) / 10,
      received: Number(c.req.header('Content-Length') ?? 0),
      sent: Number(headers.get('Content-Length') ?? 0),
      userAgent: c.req.header('User-Agent'),
      ...(failure instanceof Error && status < 500 ? { reason: failure.message } : {}),
    }
    if (status >= 500) logger.error({ ...fields, err: failure }, 'request')
    else logger.info(fields, 'request')
  }

/** The audit trail as lines of the log. */
export const auditLog =
  (logger: RequestLogger): Audit =>
  (event) =>
    logger.info({ audit: event }, 'audit')

const WRITES: Readonly<Record<string, 'push' | 'delete'>> = {
  PUT: 'push',
  POST: 'push',
  DELETE: 'delete',
}

/** Reports each push (201) and each delete (202) that succeeded. */
export const auditWrites = (audit: Audit): MiddlewareHandler<AppEnv> =>
  async function auditWrites(c, next) {
    await next()
    const event = WRITES[c.req.method]
    const done = c.res.status === (event === 'delete' ? 202 : 201)
    if (event === undefined || !done) return
    const caller = c.get('caller')
    const who = caller ? nameOf(caller.identity) : c.get('startedBy')
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
