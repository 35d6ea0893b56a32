/**
 * GetObject without the SDK's way there: four fifths of what a small read costs this process is the
 * SDK's resolving of endpoints, schemas, middleware and retries, the same each time.
 *
 * Only an answer that needs no thought is taken: the object, or that there is none. With anything
 * else the caller asks again through the SDK, which knows all about retries and failures.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Bucket } from './bucket.ts'

/** An object's bytes and headers, or that there is none. */
export type PlainAnswer =
  | { readonly headers: Readonly<Record<string, string>>; readonly body: Readable }
  | 'none'

/** Reads one object; undefined where the SDK has to. */
export type PlainGet = (key: string, range?: string) => Promise<PlainAnswer | undefined>

/** Longest answer that says there is no object. */
const MAX_ERROR = 4096

/** SigV4 of a body that is not there. */
const NO_BODY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A key in a path, as SigV4 for S3 has it: everything but the unreserved characters and slashes. */
const escaped = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

const saysNoSuchKey = async (body: Readable): Promise<boolean> => {
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    if (text.length > MAX_ERROR) return false
  }
  return text.includes('<Code>NoSuchKey</Code>')
}

/** Where the SDK sends requests for the bucket: asked of it once. */
const originOf = async ({ client, target }: Bucket): Promise<URL> => {
  const url = new URL(await getSignedUrl(client, new GetObjectCommand({ ...target, Key: 'x' })))
  return new URL(url.pathname.slice(0, -1), url)
}

/** Plain reads of a bucket. */
export const createPlainGet = (bucket: Bucket): PlainGet => {
  const { config } = bucket.client
  const { credentials, region, sha256 } = config
  const signer = new SignatureV4({
    service: 's3',
    credentials,
    region,
    sha256,
    uriEscapePath: false,
  })
  const owner = bucket.target.ExpectedBucketOwner
  let origin: Promise<URL> | undefined

  const ask = async (key: string, range: string | undefined): Promise<PlainAnswer | undefined> => {
    origin ??= originOf(bucket)
    const { protocol, hostname, port, host, pathname } = await origin
    const request = new HttpRequest({
      method: 'GET',
      protocol,
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname + escaped(bucket.prefix + key),
      headers: {
        host,
        'x-amz-content-sha256': NO_BODY,
        ...(owner === undefined ? {} : { 'x-amz-expected-bucket-owner': owner }),
        ...(range === undefined ? {} : { range }),
      },
    })
    const signingDate = new Date(Date.now() + config.systemClockOffset)
    const signed = await signer.sign(request, { signingDate })
    const { response } = await config.requestHandler.handle(HttpRequest.clone(signed))
    const body = response.body as Readable
    const complete = response.headers['content-length'] !== undefined
    if ((response.statusCode === 200 || response.statusCode === 206) && complete) {
      return { headers: response.headers, body }
    }
    if (response.statusCode === 404 && (await saysNoSuchKey(body))) return 'none'
    body.destroy()
    return undefined
  }

  return async (key, range) => {
    try {
      return await ask(key, range)
    } catch {
      origin = undefined
      return undefined
    }
  }
}
