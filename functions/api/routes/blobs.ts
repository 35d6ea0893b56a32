/**
 * Blobs: GET, HEAD and DELETE /v2/<name>/blobs/<digest>
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Caller } from '../../auth/authorizer.ts'
import { blobUnknown } from '../../registry/blobs.ts'
import { type Digest, parseDigest, parseName } from '../../registry/reference.ts'
import { isStoreError } from '../../storage/errors.ts'
import type { ByteRange } from '../../storage/store.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { hasCode } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { urlAtEdge } from '../middleware/edge.ts'
import { addressOf, mayRedirect, permit } from '../middleware/permit.ts'
import { TICKET } from '../pull-ticket.ts'
import { noneMatchHits, parseRange } from '../request.ts'
import { empty, redirect, sendObject } from '../responses.ts'
import type { TicketedSource } from '../upstream-blobs.ts'
import type { ArrivingBlob, FindSource } from '../upstream-port.ts'
import { sourceOf } from '../upstreams.ts'

const PATH = '/v2/:name{.+}/blobs/:digest'

/** What few registries need. */
const throughUpstreams = () => import('../upstream-blobs.ts')

/** Seconds that a redirect is valid: enough to start, and to resume what broke off. */
const URL_LIFE = 15 * 60

/** Content under a digest never changes. Shared caches keep only what anonymous callers may have. */
const forever = ({ via }: Pick<Caller, 'via'>): string =>
  `${via === 'nothing' ? 'public' : 'private'}, max-age=31536000, immutable`

/** The Range to honour. With an If-Range for other content, the whole is sent. */
const readRange = (c: AppContext, digest: Digest): ByteRange | undefined => {
  const ifRange = c.req.header('If-Range')
  if (ifRange !== undefined && ifRange !== `"${digest}"`) return undefined
  return parseRange(c.req.header('Range'))
}

const setLength = (c: AppContext, bytes: number | undefined): void => {
  if (bytes !== undefined) c.header('Content-Length', String(bytes))
}

/** Registers the blob endpoints. */
export const blobRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { blobs } = options.registry

  /** Does something with a blob that is here; if it is not, something else. */
  const orElse = async <T>(here: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    try {
      return await here()
    } catch (error) {
      if (!hasCode(error, 'BLOB_UNKNOWN')) throw error
      return otherwise()
    }
  }

  const stat = async (name: string, digest: Digest): Promise<number> => {
    const size = await blobs.stat(name, digest)
    if (size === undefined) throw blobUnknown(name, digest)
    return size
  }

  const redirectToStore = async (c: AppContext, { name, from }: TicketedSource, digest: Digest) => {
    const head = c.req.method === 'HEAD'
    if (!options.redirects || (head && !options.redirectHeads)) return undefined
    if (!(await mayRedirect(c, options))) return undefined
    const found = await blobs.url(name, digest, head ? 'HEAD' : 'GET', URL_LIFE)
    if (found === undefined) return undefined
    const { url, size } = found
    if (!head) from?.served(size)
    const nearer = options.edge?.inside?.(addressOf(c)) ?? false
    const atEdge = options.edge?.blobs && !nearer && (await urlAtEdge(c, options, url, URL_LIFE))
    return redirect(c, atEdge || url)
  }

  const send = async (
    c: AppContext,
    { name, caller, from }: TicketedSource,
    digest: Digest,
    range: ByteRange | undefined,
  ) => {
    const read = await blobs.open(name, digest, range)
    const { start, end, body, info } = read
    c.header('Content-Length', String(end - start + 1))
    from?.served(end - start + 1)
    c.header('Cache-Control', forever(caller))
    if (range === undefined) return sendObject(c, body, 200)
    c.header('Content-Range', `bytes ${start}-${end}/${info.size}`)
    return sendObject(c, body, 206)
  }

  /** Sends a blob as it arrives from an upstream. */
  const sendArriving = (
    c: AppContext,
    caller: Pick<Caller, 'via'>,
    { size, span, body }: ArrivingBlob,
  ): Response => {
    // Not every client and cache sees that a body without a length broke off.
    if (size !== undefined) c.header('Cache-Control', forever(caller))
    setLength(c, span === undefined ? size : span.end - span.start + 1)
    if (span === undefined) return sendObject(c, body, 200)
    c.header('Content-Range', `bytes ${span.start}-${span.end}/${size}`)
    return sendObject(c, body, 206)
  }

  /** Who was sent here by another host of this registry. */
  const byTicket = async (c: AppContext, find: FindSource, name: string) =>
    c.req.query(TICKET) === undefined
      ? undefined
      : (await throughUpstreams()).ticketedSource(
          c,
          options,
          find,
          name,
          c.req.param('digest') ?? '',
        )

  app.get(PATH, async (c) => {
    const asked = parseName(c.req.param('name'))
    const find = options.upstreams?.find
    const source: TicketedSource = find
      ? ((await byTicket(c, find, asked)) ?? (await sourceOf(c, find, asked)))
      : { name: asked, caller: await permit(c, asked, 'pull') }
    const { name, caller, from } = source
    const digest = parseDigest(c.req.param('digest'))
    /** Undefined where an upstream has it, and does not say. */
    const size = (): Promise<number | undefined> =>
      from
        ? orElse(
            () => stat(name, digest),
            () => from.stat(digest),
          )
        : stat(name, digest)
    c.header('Docker-Content-Digest', digest)
    c.header('ETag', `"${digest}"`)
    c.header('Accept-Ranges', 'bytes')
    if (noneMatchHits(c.req.header('If-None-Match'), digest)) {
      await size()
      c.header('Cache-Control', forever(caller))
      return c.body(null, 304)
    }
    try {
      // Checked before a redirect, too: S3 ignores a Range that ends before it begins.
      const range = readRange(c, digest)
      const sendStored = async (): Promise<Response> => {
        const redirected = await redirectToStore(c, source, digest)
        if (redirected) return redirected
        c.header('Content-Type', 'application/octet-stream')
        if (c.req.method === 'GET') return send(c, source, digest, range)
        setLength(c, await stat(name, digest))
        return c.body(null, 200)
      }
      const layer = options.schema1?.layer(digest)
      if (layer !== undefined && from === undefined) {
        return await orElse(sendStored, async () => {
          // A HEAD asks whether it was pushed.
          if (c.req.method === 'HEAD') throw blobUnknown(name, digest)
          c.header('Content-Type', 'application/octet-stream')
          setLength(c, layer.byteLength)
          return c.body(layer, 200)
        })
      }
      if (from === undefined) return await sendStored()
      return await orElse(sendStored, async () => {
        const { elsewhere } = from
        if (elsewhere) {
          const { sendElsewhere } = await throughUpstreams()
          const sent = await sendElsewhere(c, { ...from, elsewhere }, digest, options)
          if (sent === 'here') return sendStored()
          if (sent !== 'streamed') return sent
        }
        c.header('Content-Type', 'application/octet-stream')
        if (c.req.method === 'GET') {
          const arriving = await from.blob(digest, range)
          return arriving ? sendArriving(c, caller, arriving) : sendStored()
        }
        setLength(c, await from.stat(digest))
        return c.body(null, 200)
      })
    } catch (error) {
      if (!isRangeFailure(error)) throw error
      // RFC 9110 15.5.17: the response tells the actual size.
      const bytes = await size()
      if (bytes !== undefined) c.header('Content-Range', `bytes */${bytes}`)
      throw error
    }
  })

  app.delete(PATH, async (c) => {
    const name = parseName(c.req.param('name'))
    await permit(c, name, 'delete')
    await blobs.remove(name, parseDigest(c.req.param('digest')), eventOrigin(c))
    return empty(c, 202)
  })
}

const isRangeFailure = (error: unknown): boolean =>
  isStoreError(error, 'range') || hasCode(error, 'RANGE_INVALID')
