/**
 * A registry behind a CDN, which shows a secret with every request, so that nobody goes around it.
 *
 * @module
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { AppContext, AppEnv, AppOptions, Edge } from '../env.ts'
import { RequestError } from '../errors.ts'
import { DIGEST_AGE, isForAll } from './edge-cache.ts'
import { addressOf } from './permit.ts'

/** The header with the edge's secret. The edge overwrites what a client sends under this name. */
export const EDGE_HEADER = 'X-Slipway-Edge'

/** Of the same length for all values, as comparing in constant time requires. */
const fingerprint = (value: string): Buffer => createHash('sha256').update(value).digest()

/** Whether a value is one of the secrets; takes the same time whichever it is, and if it is none. */
const isOneOf = (value: string, secrets: readonly string[]): boolean => {
  const shown = fingerprint(value)
  return secrets
    .map((secret) => timingSafeEqual(shown, fingerprint(secret)))
    .reduce((found, same) => found || same, false)
}

/**
 * Address of the client that the edge was reached from: it appends that to X-Forwarded-For, and a
 * gateway after it may append the edge's own, which is the one that the host knows.
 */
const viewerOf = (c: AppContext): string | undefined => {
  const passed = c.req.header('X-Forwarded-For')?.split(',') ?? []
  const addresses = passed.map((each) => each.trim()).filter((each) => each !== '')
  return addresses.at(-1) === c.env?.address ? addresses.at(-2) : addresses.at(-1)
}

/**
 * Middleware that lets requests of the edge through, and others only where it is open.
 *
 * @throws RequestError DENIED; the refusal is in the audit trail, what was shown is nowhere
 */
export const throughEdge = (
  { secrets, open }: Edge,
  { audit, publicUrl }: Pick<AppOptions, 'audit' | 'publicUrl'>,
): MiddlewareHandler<AppEnv> =>
  async function throughEdge(c, next) {
    const shown = c.req.header(EDGE_HEADER)
    if (shown !== undefined && isOneOf(shown, await secrets())) {
      c.set('throughEdge', true)
      c.set('viewer', viewerOf(c))
      return next()
    }
    if (open) return next()
    audit({
      event: 'refusal',
      what: `${c.req.method} ${c.req.path}`,
      from: addressOf(c),
      outcome: 'failed',
      why: 'not through the edge',
      requestId: c.get('requestId'),
    })
    throw new RequestError('DENIED', `the registry does not answer here, only at ${publicUrl}`)
  }

/**
 * Where the client of a request finds at the edge what a presigned URL is for; undefined if it did not come
 * through the edge, or that has no way to the store.
 *
 * @param expiresIn seconds; as many more as the redirect may be kept for
 */
export const urlAtEdge = async (
  c: AppContext,
  { edge }: Pick<AppOptions, 'edge'>,
  presigned: string,
  expiresIn: number,
): Promise<string | undefined> =>
  c.get('throughEdge')
    ? edge?.urlOf?.(presigned, expiresIn + (isForAll(c, edge) ? DIGEST_AGE : 0))
    : undefined
