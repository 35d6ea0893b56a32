/**
 * What the tests of the S3 server share: clients, raw requests, and the errors they meet with.
 *
 * @module
 */
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { S3Server } from './server.ts'

/** A request of the SDK on its way, as far as the tests tamper with it. */
export interface SdkRequest {
  method: string
  path: string
  query: Record<string, string>
  headers: Record<string, string>
}

/** Changes to a request before and after the SDK signs it. */
export interface Tampering {
  readonly before?: (request: SdkRequest) => void
  readonly after?: (request: SdkRequest) => void
}

/** An SDK client that tries once and sends no checksum unless told to. */
export const clientOf = (
  server: S3Server,
  tampering: Tampering = {},
  config: S3ClientConfig = {},
): S3Client => {
  const client = new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    credentials: server,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...config,
  })
  const { before, after } = tampering
  if (before !== undefined)
    client.middlewareStack.add(
      (next) => (args) => {
        before(args.request as SdkRequest)
        return next(args)
      },
      { step: 'build', priority: 'low' },
    )
  if (after !== undefined)
    client.middlewareStack.add(
      (next) => (args) => {
        after(args.request as SdkRequest)
        return next(args)
      },
      { step: 'deserialize', priority: 'low' },
    )
  return client
}

/** The error code and HTTP status an SDK call fails with, or `ok` and 200. */
export const outcome = async (call: Promise<unknown>): Promise<[code: string, status: number]> => {
  try {
    await call
    return ['ok', 200]
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } }
    return [name, $metadata?.httpStatusCode ?? 0]
  }
}

/** The code within an error's XML, or an empty string. */
export const codeIn = (xml: string): string => /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? ''

/** The error code and status of a fetched answer. */
export const fetched = async (
  url: string,
  init: RequestInit = {},
): Promise<[code: string, status: number]> => {
  const response = await fetch(url, init)
  return [codeIn(await response.text()) || (response.ok ? 'ok' : ''), response.status]
}

/** A URL to put an object at, with headers that the request must then carry. */
export const putUrl = (
  server: S3Server,
  key: string,
  headers: Record<string, string> = {},
): Promise<string> => {
  const client = clientOf(server, {
    before: (request) => Object.assign(request.headers, headers),
  })
  const names = new Set(Object.keys(headers))
  return getSignedUrl(client, new PutObjectCommand({ Bucket: server.bucket, Key: key }), {
    unhoistableHeaders: names,
    signableHeaders: new Set(['host', ...names]),
  })
}

/** A raw request whose body `write` sends as it likes; answers with status and error code. */
export const raw = async (
  url: string,
  options: RequestOptions,
  write: (request: ReturnType<typeof httpRequest>) => void,
): Promise<[code: string, status: number]> => {
  const request = httpRequest(url, { agent: false, ...options })
  write(request)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  request.destroy()
  return [codeIn(body) || 'ok', response.statusCode ?? 0]
}
