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
import { digestOf, isDigest, isTag } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import type { Blob } from '../blobs/blob.ts'
import { waitAfter } from '../copy/patience.ts'
import type { Origin } from '../copy/ports.ts'
import { shapeOf } from '../copy/shape.ts'
import { MissingError, TransferError } from '../errors.ts'
import type { Manifest } from '../sources/source.ts'
import { type Authorizing, challengeOf } from './authorize.ts'
import { refused } from './failure.ts'
import type { Http, Outgoing, Reply } from './http.ts'
import { jsonOf, pagesOf } from './pages.ts'
import { fallbackTag } from './referrers-tag.ts'
import { manifestPath } from './target.ts'

const ACCEPT = MANIFEST_TYPES.join(', ')
/** Most redirects on the way to a blob. */
const MOST_HOPS = 5
/** Most bytes that are read of a refusal. */
const MOST_WORDS = 4096
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const tagList = z.object({ tags: z.nullish(z.array(z.string())) })

/** The beginning of a body, whatever follows: nobody has said how much that is. */
const beginningOf = async (incoming: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MOST_WORDS) break
  }
  return Buffer.concat(chunks).subarray(0, MOST_WORDS)
}

/** Leaves a body that says nothing: what is short is read, so that the connection can go on. */
const leave = (incoming: IncomingMessage): void => void beginningOf(incoming).catch(() => {})

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
  /** As URLs have it, which may not be as it was written: `https://REGISTRY.example:443`. */
  const itself = new URL(origin).origin
  const urlOf = (path: string): string => new URL(path, base).href

  const get = (path: string, headers: Outgoing['headers'] = {}): Promise<Reply> =>
    own.send({ method: 'GET', url: urlOf(path), headers })

  const manifest: Origin['manifest'] = async (reference) => {
    const reply = await get(manifestPath(reference), { Accept: ACCEPT })
    if (reply.status === 404) {
      throw new MissingError(`${called} has no manifest ${reference}`)
    }
    if (reply.status !== 200) throw refused(`${reference} of ${called} cannot be had`, reply)
    const { body: bytes, headers } = reply
    const mediaType = (headers['content-type'] ?? '').split(';')[0]!.trim()
    return { digest: isDigest(reference) ? reference : digestOf(bytes), mediaType, bytes }
  }

  const pages = (path: string, what: string) => pagesOf(own, urlOf(path), { called, what })

  /** Opens the bytes from `at` on, wherever the registry sends us: others get no credentials. */
  const openBytes = async (digest: string, range: string | undefined): Promise<IncomingMessage> => {
    let url = urlOf(`blobs/${digest}`)
    let renewed = false
    for (let hops = 0; hops <= MOST_HOPS; hops++) {
      const isOwn = new URL(url).origin === itself
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
        leave(incoming)
        url = new URL(location, url).href
        continue
      }
      const challenge = status === 401 && isOwn && !renewed ? challengeOf(incoming) : undefined
      if (challenge !== undefined) {
        leave(incoming)
        renewed = true
        own.heed(challenge)
        continue
      }
      const body = await beginningOf(incoming)
      if (status === 404) throw new MissingError(`${called} has no blob ${digest}`)
      throw refused(`${digest} of ${called} cannot be had`, {
        status,
        headers: incoming.headers,
        body,
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
          if (at > end) {
            throw new TransferError(`${called} has more than ${size} bytes of the blob ${digest}`)
          }
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
        const { data } = tagList.safeParse(jsonOf(reply, { called, what: 'tags' }))
        if (data === undefined) throw new TransferError(`tags of ${called} are not a list`)
        const { tags } = data
        // They become parts of paths, also at the registry that they go to.
        const bad = tags?.find((tag) => !isTag(tag))
        if (bad === undefined) return tags ?? []
        throw new TransferError(`${called} lists ${quoted(bad)}, which is not a tag`)
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
