/**
 * What is recorded of a request: one structured log line, and an audit event for pushes and deletes.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { Audit } from '../../auth/audit.ts'
import { nameOf } from '../../auth/identity.ts'
import type { Overridden } from '../../registry/retention/guard.ts'
import type { AppContext, AppEnv, Ending, RequestLogger } from '../env.ts'
import { hasCode } from '../errors.ts'
import { addressOf } from './permit.ts'

/** What the log calls a response that a client did not wait for, as nginx has it. */
const CLIENT_CLOSED_REQUEST = 499

/** What became of a response: its status, or what stands for it, and why. */
const outcomeOf = (c: AppContext, ending: Ending): { status: number; reason?: string } => {
  const { status } = c.res
  const failure = c.get('failure')
  const reason = failure instanceof Error && status < 500 ? { reason: failure.message } : {}
  if (ending === 'sent') return { status, ...reason }
  if (ending !== 'client gone') return { status: ending.status ?? status, reason: ending.reason }
  if (hasCode(failure, 'CLIENT_GONE')) return { status, ...reason }
  return {
    status: CLIENT_CLOSED_REQUEST,
    reason: `the client went away before it had the response, ${status}`,
  }
}

/**
 * Logs method, path, status, time and size of each request, and the cause of each 5xx, once the response
 * was sent. Queries are left out: they carry upload states. A client that went away is no failure of the
 * registry: its line has the status 499, unless the registry had failed before.
 */
export const requestLog = (logger: RequestLogger): MiddlewareHandler<AppEnv> =>
  async function requestLog(c, next) {
    const start = performance.now()
    await next()
    const milliseconds = Math.round((performance.now() - start) * 10) / 10
    const { res } = c
    const failure = c.get('failure')
    // Unknown failures and those of the store, not what a host refuses because it ends.
    const failed = res.status >= 500 && !hasCode(failure, 'STOPPED')
    const log = (ending: Ending): void => {
      const drained = c.env?.drained?.() ?? 0
      const outcome = failed ? { status: res.status } : outcomeOf(c, ending)
      const fields = {
        requestId: c.get('requestId'),
        // Some hosts pass no environment at all.
        method: c.env?.clientMethod ?? c.req.method,
        path: c.req.path,
        status: outcome.status,
        milliseconds,
        received: Number(c.req.header('Content-Length') ?? 0),
        sent: Number(res.headers.get('Content-Length') ?? 0),
        userAgent: c.req.header('User-Agent'),
        ...(drained === 0 ? {} : { drained }),
        ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
      }
      if (failed) logger.error({ ...fields, err: failure }, 'request')
      else logger.info(fields, 'request')
    }
    // Some hosts cannot tell; no response waits for its line in the log.
    if (c.env?.ended === undefined) log('sent')
    else void c.env.ended.then(log)
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

/** Reports immutable tags that a caller has moved or deleted. */
export const auditOverrides = (
  c: AppContext,
  name: string,
  overridden: readonly Overridden[],
  outcome: string,
): void => {
  const caller = c.get('caller')
  for (const { tag, was } of overridden) {
    c.get('audit')({
      event: 'override',
      what: `${name}:${tag} at ${was} ${outcome}`,
      from: addressOf(c),
      outcome: 'ok',
      requestId: c.get('requestId'),
      ...(caller === undefined ? {} : { who: nameOf(caller.identity) }),
    })
  }
}
