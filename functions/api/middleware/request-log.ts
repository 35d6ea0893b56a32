/**
 * One structured log line a request. Queries are left out: they carry upload states.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppEnv, RequestLogger } from '../env.ts'

/** Logs method, path, status, time and size of each request, and the cause of each 5xx. */
export const requestLog = (logger: RequestLogger): MiddlewareHandler<AppEnv> =>
  async function requestLog(c, next) {
    const start = performance.now()
    await next()
    const { status, headers } = c.res
    const failure = c.get('failure')
    const fields = {
      requestId: c.get('requestId'),
      // Hosts that have nothing to say hand over no environment at all.
      method: c.env?.asked ?? c.req.method,
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
