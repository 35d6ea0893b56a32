/**
 * A repository of a registry that images are copied from.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { MANIFEST_TYPES } from '../../registry/media-types.ts'
import { digestOf, isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import type { Blob } from '../blobs/blob.ts'
import { waitAfter } from '../copy/patience.ts'
import type { Origin } from '../copy/ports.ts'
import { shapeOf } from '../copy/shape.ts'
import { MissingError, TransferError } from '../errors.ts'
import type { Manifest } from '../sources/source.ts'
import { shown } from './address.ts'
import { type Authorizing, challengeOf } from './authorize.ts'
import { refused } from './failure.ts'
import type { Http, Outgoing, Reply } from './http.ts'
import { fallbackTag } from './referrers-tag.ts'

const ACCEPT = MANIFEST_TYPES.join(', ')
/** Most redirects on the way to a blob. */
const MOST_HOPS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const tagList = z.object({ tags: z.nullish(z.array(z.string())) })

/** Where the next page is: RFC 8288, of which registries use one link. */
const nextOf = ({ headers }: Reply): string | undefined =>
  String(headers.link ?? '').match(/<([^>]+)>\s*;\s*rel="?next"?/i)?.[1]

/** A registry's repository, and what its requests are sent with. */
export interface OriginPlace {
  readonly http: Http
  readonly origin: string
  /** What messages call it. */
  readonly called: string
  readonly name: string
  readonly own: Authorizing
  /** Waits for so many milliseconds before bytes are asked for again. Default: by the clock. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>
}

/** Opens a repository; sends nothing yet. */
export const registryOrigin = ({
  http,
  origin,
  called,
  name,
  own,
  sleep = setTimeout,
}: OriginPlace): Origin => {
  const base = `${origin}/v2/${name}/`
  const urlOf = (path: string): string => new URL(path, base).href

  const get = (path: string, headers: Outgoing['headers'] = {}): Promise<Reply> =>
    own.send({ method: 'GET', url: urlOf(path), headers })

  const manifest: Origin['manifest'] = async (reference) => {
    const reply = await get(`manifests/${reference}`, { Accept: ACCEPT })
    if (reply.status === 404) {
      throw new MissingError(`${called} has no manifest ${reference}`)
    }
    if (reply.status !== 200) throw refused(`${reference} of ${called} cannot be had`, reply)
    const { body: bytes, headers } = reply
    const mediaType = (headers['content-type'] ?? '').split(';')[0]!.trim()
    return { digest: isDigest(reference) ? reference : digestOf(bytes), mediaType, bytes }
  }

  /** Pages of a list. @returns undefined where there is no such list */
  const pages = async (path: string, what: string): Promise<Reply[] | undefined> => {
    const found: Reply[] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply: Reply = await get(next)
      if (reply.status === 404 && found.length === 0) return undefined
      if (reply.status !== 200) throw refused(`${what} of ${called} cannot be had`, reply)
      found.push(reply)
      next = nextOf(reply)
      if (next !== undefined && new URL(next, base).origin !== origin) {
        throw new TransferError(`${called} leads to ${shown(next)}, which is another host`)
      }
    }
    return found
  }

  const jsonOf = (reply: Reply, what: string): unknown => {
    try {
      return JSON.parse(reply.body.toString())
    } catch (cause) {
      throw new TransferError(`${what} of ${called} are not JSON`, { cause })
    }
  }

  /** Opens the bytes from `at` on, wherever the registry sends us: others get no credentials. */
  const openBytes = async (digest: string, range: string | undefined): Promise<IncomingMessage> => {
    let url = urlOf(`blobs/${digest}`)
    let renewed = false
    for (let hops = 0; hops <= MOST_HOPS; hops++) {
      const isOwn = new URL(url).origin === origin
      const authorization = isOwn ? await own.authorization() : undefined
      const headers = {
        ...(range === undefined ? {} : { Range: range }),
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      }
      const incoming = await http.open({ method: 'GET', url, headers })
      const status = incoming.statusCode ?? 0
      if (status === 200 || status === 206) return incoming
      const { location } = incoming.headers
      if (REDIRECTS.has(status) && location !== undefined) {
        incoming.resume()
        url = new URL(location, url).href
        continue
      }
      const challenge = status === 401 && isOwn && !renewed ? challengeOf(incoming) : undefined
      if (challenge !== undefined) {
        incoming.resume()
        renewed = true
        own.heed(challenge)
        continue
      }
      const body = await buffer(incoming)
      if (status === 404) throw new MissingError(`${called} has no blob ${digest}`)
      throw refused(`${digest} of ${called} cannot be had`, {
        status,
        headers: incoming.headers,
        body: body.subarray(0, 4096),
      })
    }
    throw new TransferError(`${called} redirects too often on the way to ${digest}`)
  }

  /** The bytes of a part of a blob; where the connection breaks, they go on from there. */
  async function* bytesOf(digest: string, start: number, end: number, size: number) {
    let at = start
    for (let attempt = 1; at < end; attempt++) {
      try {
        const whole = at === 0 && end === size
        const incoming = await openBytes(digest, whole ? undefined : `bytes=${at}-${end - 1}`)
        // Some registries know no ranges.
        let skip = incoming.statusCode === 200 ? at : 0
        for await (const chunk of incoming as AsyncIterable<Buffer>) {
          const rest = chunk.subarray(Math.min(skip, chunk.length))
          skip -= chunk.length - rest.length
          const wanted = whole ? rest : rest.subarray(0, end - at)
          at += wanted.length
          if (wanted.length > 0) {
            attempt = 1
            yield wanted
          }
          if (!whole && at === end) return
        }
        // Who says how long it is, and ends there, has no more.
        if (at < end) {
          throw new TransferError(`${called} has ${at} of ${size} bytes of the blob ${digest}`)
        }
      } catch (error) {
        await sleep(waitAfter(error, attempt))
      }
    }
  }

  const blobOf = (digest: string, size: number): Blob => ({
    digest,
    size,
    stream: (start, end) => Readable.from(bytesOf(digest, start, end, size), { objectMode: false }),
    read: (start, end) => buffer(bytesOf(digest, start, end, size)),
  })

  return {
    called,
    manifest,
    async tags() {
      const found = await pages('tags/list?n=1000', 'tags')
      if (found === undefined) throw new MissingError(`${called} is not there`)
      return found.flatMap((reply) => {
        const { data } = tagList.safeParse(jsonOf(reply, 'tags'))
        if (data === undefined) throw new TransferError(`tags of ${called} are not a list`)
        return data.tags ?? []
      })
    },
    async referrers(digest) {
      const found = await pages(`referrers/${digest}`, 'referrers')
      const lists: Pick<Manifest, 'digest' | 'bytes'>[] = (found ?? []).map(({ body }) => ({
        digest: `the list of referrers of ${digest}`,
        bytes: body,
      }))
      if (found === undefined) {
        const tagged = await manifest(fallbackTag(digest)).catch((error: unknown) => {
          if (error instanceof MissingError) return undefined
          throw error
        })
        if (tagged !== undefined) lists.push(tagged)
      }
      return lists.flatMap((each) => shapeOf(each).manifests)
    },
    blob: async (digest, size) => blobOf(digest, size),
  }
}
