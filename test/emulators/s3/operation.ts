/**
 * What an operation is given and what it answers.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Content } from './content.ts'
import type { Payload } from './payload.ts'
import type { Bucket } from './state.ts'
import { document } from './xml.ts'

/** An authenticated request on a bucket that exists. */
export interface S3Request {
  readonly bucket: Bucket
  /** All buckets by name, for copies between them. */
  readonly buckets: ReadonlyMap<string, Bucket>
  /** Empty for an operation on the bucket. */
  readonly key: string
  readonly headers: IncomingHttpHeaders
  /** A query parameter's value. */
  query(name: string): string | undefined
  /** Receives and verifies the body. */
  receive(): Promise<Payload>
}

/** An answer. */
export interface S3Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** XML, or stored bytes. */
  readonly body?: string | Content
}

/** Carries an operation out; it must change state in one synchronous step, when all is checked. */
export type Operation = (request: S3Request) => Promise<S3Answer> | S3Answer

/** An answer of 200 with an XML document in S3's namespace. */
export const xmlAnswer = (
  root: string,
  children: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): S3Answer => ({ status: 200, headers, body: document(root, undefined, ...children) })

/** A header's value where it was sent. */
export const header = (request: S3Request, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
