/**
 * What an edge may keep of public repositories, and for how long: every response says so itself.
 *
 * The edge looks a repository up in a list of public ones, takes the credentials out of the request and marks it
 * with the version under which it is listed, which is part of what it keeps answers by. A response may be kept only
 * if it answers such a request, has come through the edge, and the policy lets everyone pull. One that is about
 * another host's repository never is: the list is about names of this registry.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppContext, AppEnv, AppOptions, Edge } from '../env.ts'
import { namespaceIn } from '../namespace.ts'

/** The mark. The edge takes away what a client sends under this name. */
export const PUBLIC_HEADER = 'X-Slipway-Public'

/** Seconds that what is under a digest is kept for. */
export const DIGEST_AGE = 3600

const READ = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/

/** Statuses of answers: found, unchanged, and the way to the bytes. */
const KEPT = [200, 304, 307]

/** Whether the answer to a request may be kept for others. */
export const isForAll = (c: AppContext, edge: Edge | undefined): boolean =>
  edge?.tagAge !== undefined &&
  c.get('throughEdge') === true &&
  ['GET', 'HEAD'].includes(c.req.method) &&
  c.req.header(PUBLIC_HEADER) !== undefined &&
  c.req.header('Authorization') === undefined &&
  namespaceIn(c) === undefined

/** Whether a redirect leads everyone to the edge, which takes one URL for GET and HEAD alike. */
const leadsToEdge = (c: AppContext, edge: Edge, publicUrl: string, kind: string): boolean => {
  const location = c.res.headers.get('Location') ?? ''
  const differs = kind === 'blobs' && edge.inside !== undefined
  return !differs && location.startsWith(`${new URL(publicUrl).origin}/`)
}

/** Seconds that an answer may be kept for, or undefined. */
const ageOf = (c: AppContext, edge: Edge, publicUrl: string | undefined): number | undefined => {
  const [, kind = '', reference = ''] = c.req.path.match(READ) ?? []
  const { status } = c.res
  if (c.get('guarded')) return undefined
  if (reference === '' || !KEPT.includes(status) || !isForAll(c, edge)) return undefined
  if (status === 307 && !leadsToEdge(c, edge, publicUrl ?? c.req.url, kind)) return undefined
  return reference.includes(':') ? DIGEST_AGE : edge.tagAge
}

/** Middleware that says of every response whether it may be kept: by the edge alone, never by clients. */
export const saysWhatIsKept = (
  edge: Edge,
  { publicUrl }: Pick<AppOptions, 'publicUrl'>,
): MiddlewareHandler<AppEnv> =>
  async function saysWhatIsKept(c, next) {
    await next()
    const age = ageOf(c, edge, publicUrl)
    c.header(
      'Cache-Control',
      age === undefined ? 'private, no-store' : `public, max-age=0, s-maxage=${age}`,
    )
  }
