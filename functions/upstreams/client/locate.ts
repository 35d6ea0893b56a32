/**
 * Where an upstream itself sends clients for a blob, for those that bytes cannot pass through.
 *
 * It is an address that the upstream named, over a connection that was checked, and that needs no credentials: one on
 * another host, where clients of the upstream send none either, or one that was tried without.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import { addressFor } from '../../shared/private-addresses.ts'
import { type Authorized, type Host, refusal } from './authorized.ts'
import { UpstreamError } from './failure.ts'
import { ask, isRedirectStatus, MAX_REDIRECTS, nextOf, type Response } from './request.ts'

/** Where a blob is. */
export interface Located {
  /** Undefined where the upstream sends it itself, and to those alone that it knows. */
  readonly url: URL | undefined
  /** Of the blob in bytes, where it sends it itself and says so. */
  readonly size?: number | undefined
}

/** Whether clients may be sent there. @throws UpstreamError `wrong` */
const check = async ({ host, allows }: Host, url: URL): Promise<void> => {
  if (url.username !== '' || url.password !== '') {
    throw new UpstreamError('wrong', `${host} redirects to an address with a user or password`)
  }
  try {
    await addressFor(url.hostname.replace(/^\[|\]$/g, ''), allows)
  } catch (cause) {
    throw new UpstreamError('wrong', `${host} redirects to ${url.host}: ${String(cause)}`, {
      cause,
    })
  }
}

/**
 * Asks where a blob is, by the method that the client has: addresses are signed for one.
 *
 * @param headers that say which way the request has come: see `via.ts`
 * @throws UpstreamError
 */
export const locate = async (
  host: Host,
  authorized: Authorized,
  repository: string,
  digest: Digest,
  method: 'GET' | 'HEAD',
  headers: Readonly<Record<string, string>>,
): Promise<Located> => {
  const path = `/v2/${repository}/blobs/${digest}`
  let url = new URL(path, host.origin)
  let response: Response = await authorized(repository, { method, path, kind: 'blob', headers })
  for (let hops = 0; isRedirectStatus(response); hops++) {
    const next = nextOf(host.host, url, response)
    response.drop()
    if (hops === MAX_REDIRECTS) {
      throw new UpstreamError('wrong', `${host.host} redirects without end`)
    }
    next.hash = ''
    await check(host, next)
    if (next.host !== url.host) return { url: next.protocol === 'https:' ? next : undefined }
    // At its own host it may want to know who asks.
    url = next
    response = await ask(host, { method, url: url.href, headers })
    if (response.status === 200) {
      response.drop()
      return { url: url.protocol === 'https:' ? url : undefined }
    }
    if (!isRedirectStatus(response)) {
      response.drop()
      return { url: undefined }
    }
  }
  if (response.status !== 200) {
    throw refusal(host, 'blob', response, `${method} of blobs/${digest} of ${repository}`)
  }
  response.drop()
  const { 'content-length': length } = response.headers
  return { url: undefined, size: length === undefined ? undefined : Number(length) }
}
