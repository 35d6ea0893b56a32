/**
 * What is asked of an upstream about one of its repositories: distribution-spec, "Pull" and "Content Discovery".
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import { MAX_MANIFEST_BYTES } from '../../registry/manifests.ts'
import { MANIFEST_TYPES } from '../../registry/media-types.ts'
import {
  algorithmOf,
  type Digest,
  digestOf,
  isDigest,
  isTag,
  type Reference,
} from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { type ApiAsk, type Authorized, type Host, refusal } from './authorized.ts'
import { UpstreamError } from './failure.ts'
import { type Located, locate } from './locate.ts'
import type { Response } from './request.ts'

/** What an upstream says of a manifest without giving it. */
export interface ManifestHead {
  /** Undefined where it does not say. */
  readonly digest: Digest | undefined
  readonly etag: string | undefined
}

/** A manifest whose bytes have its digest. */
export interface FetchedManifest {
  readonly digest: Digest
  readonly bytes: Buffer
  /** Content-Type, as it was sent. */
  readonly mediaType: string | undefined
  readonly etag: string | undefined
}

/** A blob that is on its way. Nothing of it is verified. */
export interface OpenedBlob {
  /** Of the whole blob in bytes, if that is known. */
  readonly size: number | undefined
  /** Where in the blob the body begins. */
  readonly start: number
  readonly body: AsyncIterable<Buffer>
  drop(): void
}

/** Bytes from `start` to `end`, both included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A page of tags, in the order of the upstream. */
export interface TagPage {
  readonly tags: readonly string[]
  /** Whether there are more after the last. */
  readonly more: boolean
}

/** A repository of an upstream. All methods throw UpstreamError. */
export interface UpstreamRepository {
  /** @returns undefined when it is still what `etag` names */
  head(reference: Reference, etag?: string): Promise<ManifestHead | undefined>
  manifest(reference: Reference): Promise<FetchedManifest>
  /** Size of a blob in bytes, if it says so. */
  stat(digest: Digest): Promise<number | undefined>
  /**
   * Opens a blob.
   *
   * @param start the first byte that is wanted; an upstream may begin before it
   * @param slot gives back the slot that was taken for it; default: it waits for one
   */
  blob(digest: Digest, start?: number, slot?: () => void): Promise<OpenedBlob>
  /** Bytes `start` to `end` of a blob, both included; undefined where it does not give just these. */
  part(digest: Digest, span: Span): Promise<Buffer | undefined>
  /** Where it sends clients for a blob. @param method that they come with */
  locate(digest: Digest, method: 'GET' | 'HEAD'): Promise<Located>
  tags(limit: number, last?: string): Promise<TagPage>
  /** The referrers of a digest, an image index; undefined where the upstream has no such API. */
  referrers(digest: Digest): Promise<Buffer | undefined>
}

const ACCEPT = MANIFEST_TYPES.join(', ')
/** Most bytes of a list: of tags, of referrers. */
const MAX_LIST_BYTES = 4 * 1024 * 1024

const nameOf = ({ tag, digest }: Reference): string => digest ?? tag

/** What a response says that a manifest is. */
export const digestIn = (headers: IncomingHttpHeaders): Digest | undefined => {
  const value = headers['docker-content-digest']
  return typeof value === 'string' && isDigest(value) ? value : undefined
}

const tagList = z.object({ tags: z.nullish(z.array(z.unknown())) })

/** First byte and size of a partial response: RFC 9110, 14.4. */
const partOf = (headers: IncomingHttpHeaders) => {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
  return start === undefined
    ? undefined
    : { start: Number(start), size: size === '*' ? undefined : Number(size) }
}

const lengthOf = (headers: IncomingHttpHeaders): number | undefined => {
  const { 'content-length': length } = headers
  return length === undefined ? undefined : Number(length)
}

/** Opens a repository of a host; sends nothing yet. @param via see `via.ts` */
export const repositoryOf = (
  host: Host,
  authorized: Authorized,
  repository: string,
  via?: string,
): UpstreamRepository => {
  const way: Readonly<Record<string, string>> = via === undefined ? {} : { via }
  const wrong = (why: string): UpstreamError => new UpstreamError('wrong', `${host.host}: ${why}`)

  const send = async (asked: ApiAsk, expected: readonly number[] = [200]): Promise<Response> => {
    const response = await authorized(repository, {
      ...asked,
      path: `/v2/${repository}/${asked.path}`,
      headers: { ...asked.headers, ...way },
    })
    if (expected.includes(response.status)) return response
    const { method, path } = asked
    throw refusal(host, asked.kind, response, `${method} of ${path} of ${repository}`)
  }

  /** The digest of bytes that are what was asked for, or what the upstream says they are. */
  const verified = (reference: Reference, bytes: Buffer, headers: IncomingHttpHeaders): Digest => {
    const said = digestIn(headers)
    for (const digest of [reference.digest, said]) {
      if (digest === undefined) continue
      const actual = digestOf(bytes, algorithmOf(digest))
      if (actual !== digest) {
        throw wrong(`${repository} ${nameOf(reference)} is to be ${digest}, but it is ${actual}`)
      }
    }
    return reference.digest ?? said ?? digestOf(bytes)
  }

  return {
    async head(reference, etag) {
      const response = await send(
        {
          method: 'HEAD',
          path: `manifests/${nameOf(reference)}`,
          kind: 'manifest',
          headers: { accept: ACCEPT, ...(etag === undefined ? {} : { 'if-none-match': etag }) },
          follow: true,
        },
        [200, 304],
      )
      response.drop()
      if (response.status === 304) return undefined
      return { digest: digestIn(response.headers), etag: response.headers.etag }
    },

    async manifest(reference) {
      const { headers, read } = await send({
        method: 'GET',
        path: `manifests/${nameOf(reference)}`,
        kind: 'manifest',
        headers: { accept: ACCEPT },
        follow: true,
      })
      const bytes = await read(MAX_MANIFEST_BYTES)
      const digest = verified(reference, bytes, headers)
      return { digest, bytes, mediaType: headers['content-type'], etag: headers.etag }
    },

    async stat(digest) {
      const asked = { method: 'HEAD', path: `blobs/${digest}`, kind: 'blob', follow: true } as const
      const response = await send(asked)
      response.drop()
      return lengthOf(response.headers)
    },

    async blob(digest, start = 0, slot = undefined) {
      const { status, headers, body, drop } = await send(
        {
          method: 'GET',
          path: `blobs/${digest}`,
          kind: 'blob',
          headers: start === 0 ? {} : { range: `bytes=${start}-` },
          follow: true,
          slot,
        },
        start === 0 ? [200] : [200, 206],
      )
      if (status === 200) return { size: lengthOf(headers), start: 0, body, drop }
      const part = partOf(headers)
      if (part?.start !== start) {
        drop()
        throw wrong(`asked for ${digest} from byte ${start} on, it sends something else`)
      }
      return { ...part, body, drop }
    },

    async part(digest, { start, end }) {
      const { status, headers, read, drop } = await send(
        {
          method: 'GET',
          path: `blobs/${digest}`,
          kind: 'blob',
          headers: { range: `bytes=${start}-${end}` },
          follow: true,
        },
        [200, 206, 416],
      )
      if (status !== 206 || !headers['content-range']?.startsWith(`bytes ${start}-${end}/`)) {
        drop()
        return undefined
      }
      return read(end - start + 1)
    },

    locate: (digest, method) => locate(host, authorized, repository, digest, method, way),

    async tags(limit, last) {
      const query = new URLSearchParams({
        n: String(limit),
        ...(last === undefined ? {} : { last }),
      })
      const { headers, read } = await send({
        method: 'GET',
        path: `tags/list?${query}`,
        kind: 'list',
      })
      const body = (await read(MAX_LIST_BYTES)).toString()
      let json: unknown
      try {
        json = JSON.parse(body)
      } catch {
        throw wrong(`its list of tags of ${repository} is not JSON`)
      }
      const { data } = tagList.safeParse(json)
      if (data === undefined) throw wrong(`its list of tags of ${repository} is none`)
      const tags = (data.tags ?? []).filter((each) => typeof each === 'string' && isTag(each))
      return { tags: tags as string[], more: /rel="?next"?/.test(String(headers.link ?? '')) }
    },

    async referrers(digest) {
      const asked = { method: 'GET', path: `referrers/${digest}`, kind: 'list' } as const
      const response = await send(asked, [200, 404])
      if (response.status === 200) return response.read(MAX_LIST_BYTES)
      response.drop()
      return undefined
    },
  }
}
