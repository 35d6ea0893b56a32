/**
 * Signed requests for objects and for the bucket.
 *
 * @module
 */

import { HttpRequest, type HttpResponse } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { once } from '../../../shared/once.ts'
import { addressOf } from '../address.ts'
import type { Sdk } from '../direct-client.ts'
import type { Place } from '../place.ts'
import { Sha256 } from './sha256.ts'

/** Methods that have no body. */
export type Method = 'DELETE' | 'GET' | 'HEAD'

/** A body to send. */
export interface Content {
  readonly bytes: Uint8Array
  /** Hex. */
  readonly sha256: string
}

/** Signs requests, and sends them once. */
export interface Requests {
  /** Asks for an object, or for its end; signed by headers. */
  object(
    method: Method,
    key: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpResponse>
  /** Writes an object; signed by headers. @param ready called right before it is sent; may throw */
  write(
    key: string,
    headers: Readonly<Record<string, string>>,
    content: Content,
    ready: () => void,
  ): Promise<HttpResponse>
  /** A GET of the bucket itself, signed by headers. */
  bucket(query: Readonly<Record<string, string>>): Promise<HttpResponse>
  /** A URL signed by its query, for whoever holds it, valid for this number of seconds. */
  presigned(
    method: Method,
    key: string,
    query: Readonly<Record<string, string>>,
    expiresIn: number,
  ): Promise<string>
}

/** SHA-256 of an empty body. */
const NO_BODY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A key in a path, as SigV4 for S3 encodes it: all but the unreserved characters and slashes. */
const escaped = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

/** Signs requests as the SDK's client of the bucket would. Sends nothing by itself. */
export const createRequests = (place: Place, sdk: Sdk): Requests => {
  const { options, credentials, handler } = place
  const signer = new SignatureV4({
    service: 's3',
    credentials,
    region: options.region,
    sha256: Sha256,
    uriEscapePath: false,
  })
  const owner = options.expectedBucketOwner
  const origin = once(async () => addressOf(options) ?? sdk.origin())

  const unsigned = async (
    method: Method | 'PUT',
    key: string | undefined,
    headers: Readonly<Record<string, string>>,
    query: Readonly<Record<string, string>> = {},
  ): Promise<HttpRequest> => {
    const { protocol, hostname, port, host, pathname } = await origin()
    return new HttpRequest({
      method,
      protocol,
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: key === undefined ? pathname : pathname + escaped(place.prefix + key),
      query: { ...query },
      headers: {
        host,
        ...headers,
        ...(owner === undefined ? {} : { 'x-amz-expected-bucket-owner': owner }),
      },
    })
  }

  const signingDate = (): Date => new Date(Date.now() + sdk.clockOffset())

  const signed = async (request: HttpRequest, hash: string): Promise<HttpRequest> => {
    request.headers['x-amz-content-sha256'] = hash
    return HttpRequest.clone(await signer.sign(request, { signingDate: signingDate() }))
  }

  const send = async (request: HttpRequest): Promise<HttpResponse> =>
    (await handler.handle(await signed(request, NO_BODY))).response

  return {
    object: async (method, key, headers = {}) => send(await unsigned(method, key, headers)),

    async write(key, headers, { bytes, sha256 }, ready) {
      const request = await unsigned('PUT', key, {
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.byteLength),
        ...headers,
      })
      request.body = bytes
      const sent = await signed(request, sha256)
      ready()
      return (await handler.handle(sent)).response
    },

    bucket: async (query) => send(await unsigned('GET', undefined, {}, query)),

    async presigned(method, key, query, expiresIn) {
      const request = await unsigned(method, key, {}, query)
      // Moved to the query under this name, as the SDK writes it.
      request.headers['X-Amz-Content-Sha256'] = 'UNSIGNED-PAYLOAD'
      const { query: signed } = await signer.presign(request, {
        expiresIn,
        signingDate: signingDate(),
      })
      const { protocol, headers, path } = request
      const search = new URLSearchParams(signed as Record<string, string>)
      return `${protocol}//${headers.host}${path}?${search}`
    },
  }
}
