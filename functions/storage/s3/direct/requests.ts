/**
 * Signed requests for objects and for the bucket.
 *
 * @module
 */

import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import { once } from '../../../shared/once.ts'
import type { Bucket } from '../bucket.ts'

/** Methods that have no body. */
export type Method = 'GET' | 'HEAD'

/** Signs requests. */
export interface Requests {
  /** A GET of an object, signed by headers. */
  get(key: string, headers: Readonly<Record<string, string>>): Promise<HttpRequest>
  /** A GET of the bucket itself, signed by headers. */
  getBucket(query: Readonly<Record<string, string>>): Promise<HttpRequest>
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

/** A parsed URL, as the SDK represents it. */
interface Address {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
}

const textOf = ({ protocol, hostname, port, path }: Address): string =>
  `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`

/** Where the SDK sends requests for the bucket, by its own rules; the path ends with a slash. */
const originOf = async ({ client: { config }, target }: Bucket): Promise<URL> => {
  const endpoint = await config.endpoint?.()
  const { url } = config.endpointProvider({
    Bucket: target.Bucket,
    Region: await config.region(),
    ForcePathStyle: config.forcePathStyle,
    UseFIPS: await config.useFipsEndpoint(),
    UseDualStack: await config.useDualstackEndpoint(),
    ...(endpoint && { Endpoint: textOf(endpoint) }),
  })
  return new URL(`${url.pathname.replace(/\/$/, '')}/`, url)
}

/** Signs requests as the SDK's client of the bucket would. Sends nothing. */
export const createRequests = (bucket: Bucket): Requests => {
  const { config } = bucket.client
  const { credentials, region, sha256 } = config
  const signer = new SignatureV4({
    service: 's3',
    credentials,
    region,
    sha256,
    uriEscapePath: false,
  })
  const presigner = new S3RequestPresigner({ credentials, region, sha256 })
  const owner = bucket.target.ExpectedBucketOwner
  const origin = once(() => originOf(bucket))

  const unsigned = async (
    method: Method,
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
      path: key === undefined ? pathname : pathname + escaped(bucket.prefix + key),
      query: { ...query },
      headers: {
        host,
        ...headers,
        ...(owner === undefined ? {} : { 'x-amz-expected-bucket-owner': owner }),
      },
    })
  }

  const signingDate = (): Date => new Date(Date.now() + config.systemClockOffset)

  const signed = async (request: HttpRequest): Promise<HttpRequest> => {
    request.headers['x-amz-content-sha256'] = NO_BODY
    return HttpRequest.clone(await signer.sign(request, { signingDate: signingDate() }))
  }

  return {
    get: async (key, headers) => signed(await unsigned('GET', key, headers)),
    getBucket: async (query) => signed(await unsigned('GET', undefined, {}, query)),

    async presigned(method, key, query, expiresIn) {
      const request = await unsigned(method, key, {}, query)
      const options = { expiresIn, signingDate: signingDate() }
      const { query: signed } = await presigner.presign(request, options)
      const { protocol, headers, path } = request
      const search = new URLSearchParams(signed as Record<string, string>)
      return `${protocol}//${headers.host}${path}?${search}`
    },
  }
}
