/**
 * What is recorded of a request: one structured log line, and an audit event for pushes, deletes and pulls.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { Audit } from '../../auth/audit.ts'
import { nameOf } from '../../auth/identity.ts'
import type { Overridden } from '../../registry/retention/guard.ts'
import type { AppContext, AppEnv, AppOptions, Ending, RequestLogger } from '../env.ts'
import { hasCode } from '../errors.ts'
import { addressOf, methodOf } from './permit.ts'

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

/** Who makes a request, as the audit trail names callers; undefined if nobody had to know. */
const whoOf = (c: AppContext): string | undefined => {
  const caller = c.get('caller')
  return caller ? nameOf(caller.identity) : c.get('startedBy')
}

/**
 * Logs method, path, status, time, bytes and caller of each request, and the cause of each 5xx, once the response
 * was sent. Queries are left out: they carry upload states. A client that went away is no failure of the
 * registry: its line has the status 499, unless the registry had failed before.
 */
export const requestLog = ({
  logger,
  measure,
}: Pick<AppOptions, 'logger' | 'measure'>): MiddlewareHandler<AppEnv> =>
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
      const bytes = c.env?.bytes?.()
      const who = whoOf(c)
      const upstream = c.get('upstream')
      const outcome = failed ? { status: res.status } : outcomeOf(c, ending)
      const request = {
        // Some hosts pass no environment at all.
        method: methodOf(c),
        path: c.req.path,
        status: outcome.status,
      }
      const fields = {
        requestId: c.get('requestId'),
        ...request,
        milliseconds,
        // Where the host cannot tell, what was declared.
        received: bytes?.received ?? Number(c.req.header('Content-Length') ?? 0),
        sent: bytes?.sent ?? Number(res.headers.get('Content-Length') ?? 0),
        ...(who === undefined ? {} : { who }),
        ...(upstream === undefined ? {} : { upstream }),
        userAgent: c.req.header('User-Agent'),
        ...(drained === 0 ? {} : { drained }),
        ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
        ...measure?.(request),
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

const MANIFEST = /^\/v2\/.+\/manifests\/[^/]+$/

/** What the audit trail calls a request that succeeded; undefined if it is not recorded there. */
const eventOf = (c: AppContext, pulls: boolean): 'push' | 'delete' | 'pull' | undefined => {
  const method = methodOf(c)
  const { status } = c.res
  // A HEAD gives nobody the manifest, and neither does a 304.
  if (method === 'GET') {
    return pulls && status === 200 && MANIFEST.test(c.req.path) ? 'pull' : undefined
  }
  const event = WRITES[method]
  // What else is made here, such as accounts, has events of its own.
  if (event === 'push' && !c.req.path.startsWith('/v2/')) return undefined
  return status === (event === 'delete' ? 202 : 201) ? event : undefined
}

/** Reports each push (201) and each delete (202) that succeeded, and if set each GET of a manifest (200). */
export const auditRequests = ({
  audit,
  auditPulls = false,
}: Pick<AppOptions, 'audit' | 'auditPulls'>): MiddlewareHandler<AppEnv> =>
  async function auditRequests(c, next) {
    await next()
    const event = eventOf(c, auditPulls)
    if (event === undefined) return
    const who = whoOf(c)
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
