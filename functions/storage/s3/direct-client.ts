/**
 * What the store asks of a client other than the SDK's, where it has one: see direct/direct.ts.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { PresignOptions } from '../store.ts'

/** An object's headers and bytes. */
export interface DirectResponse {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

/** A page as S3 wrote it: keys and prefixes begin with the store's prefix. */
export interface Listing {
  /** `url` where keys and prefixes are percent-encoded, which not every service does when asked to. */
  readonly encoding: string | undefined
  readonly objects: readonly {
    readonly key: string
    readonly size: number
    readonly modified: Date
  }[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
}

/** Each operation is undefined, or resolves to undefined, where the SDK has to do it. */
export interface DirectClient {
  /** Reads an object, or a range of it by a Range header; `none` if there is no such object. */
  readonly get: (key: string, range?: string) => Promise<DirectResponse | 'none' | undefined>
  /** Reads a page of keys by the parameters of ListObjectsV2. */
  readonly list: (query: Readonly<Record<string, string>>) => Promise<Listing | undefined>
  /** See the port. */
  readonly presign: (
    method: 'GET' | 'HEAD',
    key: string,
    options: PresignOptions,
  ) => Promise<string>
  /** A body whose failures are in the words of the port. */
  readonly body: (body: Readable, key: string) => Readable
}

/** Told why the SDK has to repeat a request: what was asked, and the error or the response. */
export type ReportFallback = (doing: string, reason: unknown) => void
