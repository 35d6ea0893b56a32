/**
 * What is pushed to a repository of an upstream: distribution-spec, "Push".
 *
 * @module
 */

import { MANIFEST_TYPES } from '../../registry/media-types.ts'
import type { Digest, Reference } from '../../registry/reference.ts'
import { wordsOf } from '../../transfer/registry/failure.ts'
import type { ApiAsk, Authorized, Host } from './authorized.ts'
import { digestIn } from './client.ts'
import { pushFailureOf, UpstreamError } from './failure.ts'
import { nextOf, type Response } from './request.ts'

/** Pushes to a repository of an upstream. All methods throw UpstreamError. */
export interface UpstreamPushes {
  hasBlob(digest: Digest): Promise<boolean>
  hasManifest(digest: Digest): Promise<boolean>
  /** What a tag is; undefined where there is none, `unsaid` where it does not say. */
  digestAt(tag: string): Promise<Digest | 'unsaid' | undefined>
  /**
   * Sends a blob, in one request; or has it mounted.
   *
   * @param size in bytes
   * @param open its bytes, as they are sent; asked for again where they have to be sent again
   * @param from another repository there, that may have it
   * @throws what reading them throws
   */
  putBlob(
    digest: Digest,
    size: number,
    open: () => AsyncIterable<Uint8Array>,
    from?: string,
  ): Promise<void>
  /** @returns whether it lists the manifest as a referrer of its subject */
  putManifest(reference: Reference, mediaType: string, bytes: Uint8Array): Promise<boolean>
}

/**
 * Milliseconds that an upstream has for a blob of so many bytes once it has them: it may read and copy them all, at a
 * megabyte a second. One that never responds has its connections in vain for no longer.
 */
export const storedWithin = (size: number): number => 2 * 60_000 + size / 1000

/** Most bytes that are read of a refusal. */
const MOST = 64 * 1024
const ACCEPT = MANIFEST_TYPES.join(', ')

/** The code of a refusal: what else it says might be of the upstream's own network. */
const codeIn = async ({ status, headers, read }: Response): Promise<string | undefined> => {
  const body = await read(MOST).catch(() => Buffer.alloc(0))
  return /^[A-Z_]{1,40}(?=:|$)/.exec(wordsOf({ status, headers, body }) ?? '')?.[0]
}

/** Opens a repository of a host for pushes; sends nothing yet. @param via see `via.ts` */
export const pushingTo = (
  host: Host,
  authorized: Authorized,
  repository: string,
  via?: string,
): UpstreamPushes => {
  const refusal = async (response: Response, what: string): Promise<UpstreamError> => {
    const { status, headers } = response
    const code = await codeIn(response)
    response.drop()
    const retryAfter = host.limits.note('push', status, headers)
    const said = code === undefined ? String(status) : `${status} ${code}`
    const message = `${host.host} responded ${said} to ${what} of ${repository}`
    return new UpstreamError(pushFailureOf(status), message, { retryAfter, said })
  }

  /** @param path after the repository, or a URL */
  const send = async (
    { path, ...asked }: Omit<ApiAsk, 'kind'>,
    what: string,
    expected: readonly number[],
  ): Promise<Response> => {
    const response = await authorized(repository, {
      ...asked,
      path: URL.canParse(path) ? path : `/v2/${repository}/${path}`,
      kind: 'push',
      headers: { ...asked.headers, ...(via === undefined ? {} : { via }) },
    })
    if (expected.includes(response.status)) return response
    throw await refusal(response, what)
  }

  /** @returns headers; undefined where it is not there */
  const look = async (path: string, headers: Readonly<Record<string, string>>) => {
    const asked = { method: 'HEAD', path, headers, follow: true } as const
    // Where it may not say, it is sent: that is refused, if anything is.
    const response = await send(asked, `HEAD of ${path}`, [200, 400, 403, 404, 405])
    response.drop()
    return response.status === 200 ? response.headers : undefined
  }

  /** Where an upload goes on; undefined when none is needed. */
  const begin = async (digest: Digest, from: string | undefined): Promise<URL | undefined> => {
    const query = from === undefined ? '' : `?${new URLSearchParams({ mount: digest, from })}`
    const path = `blobs/uploads/${query}`
    const asked = { method: 'POST', path, from } as const
    const response = await send(asked, 'the start of an upload', [201, 202])
    response.drop()
    if (response.status === 201) return undefined
    if (!response.headers.location) {
      throw new UpstreamError('wrong', `${host.host} does not say where an upload goes on`)
    }
    return nextOf(host.host, new URL(`/v2/${repository}/${path}`, host.origin), response)
  }

  return {
    hasBlob: async (digest) => (await look(`blobs/${digest}`, {})) !== undefined,
    hasManifest: async (digest) =>
      (await look(`manifests/${digest}`, { accept: ACCEPT })) !== undefined,

    async digestAt(tag) {
      const headers = await look(`manifests/${tag}`, { accept: ACCEPT })
      return headers && (digestIn(headers) ?? 'unsaid')
    },

    async putBlob(digest, size, open, from) {
      const { href } = (await begin(digest, from)) ?? {}
      if (href === undefined) return
      // As it is: what else is in the query may be sealed.
      const path = `${href}${href.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': String(size),
      }
      const stored = storedWithin(size)
      const asked = { method: 'PUT', path, headers, open, stored } as const
      const response = await send(asked, `the blob ${digest}`, [201, 204])
      response.drop()
    },

    async putManifest({ tag, digest }, mediaType, bytes) {
      const path = `manifests/${digest ?? tag}`
      const headers = { 'content-type': mediaType, 'content-length': String(bytes.byteLength) }
      // It may look at all that the manifest refers to before it responds, or push it on in its turn: as long as to a blob.
      const open = async function* () {
        yield bytes
      }
      const asked = { method: 'PUT', path, headers, open } as const
      const response = await send(asked, `the manifest ${digest ?? tag}`, [200, 201, 202])
      response.drop()
      return response.headers['oci-subject'] !== undefined
    },
  }
}
