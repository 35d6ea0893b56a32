/**
 * What the store needs from a client other than the SDK's, if it has one: see direct/direct.ts.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { DeleteOptions, ListedObject, PresignOptions, PutOptions } from '../store.ts'

/** An object's headers and bytes. */
export interface DirectResponse {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

/** A page as sent by S3: keys and prefixes begin with the store's prefix. */
export interface Listing {
  /** `url` if keys and prefixes are percent-encoded, which not every service does on request. */
  readonly encoding: string | undefined
  readonly objects: readonly ListedObject[]
  readonly prefixes: readonly string[]
  readonly truncated: boolean
}

/** What it needs of the SDK. */
export interface Sdk {
  /** Where the SDK sends requests for the bucket, by its own rules; the path ends with a slash. Loads it. */
  readonly origin: () => Promise<URL>
  /** Milliseconds by which the service's clock is ahead, as far as the SDK has been told. */
  readonly clockOffset: () => number
}

/**
 * A client for some operations; all but `presign` resolve to undefined if the SDK has to repeat
 * them.
 */
export interface DirectClient {
  /**
   * Reads an object, or the part of it that a Range header selects; `none` if it does not exist.
   */
  readonly get: (key: string, range?: string) => Promise<DirectResponse | 'none' | undefined>
  /** What is known of an object; `none` if it does not exist. */
  readonly head: (key: string) => Promise<Pick<DirectResponse, 'headers'> | 'none' | undefined>
  /** Reads a page of keys by the parameters of ListObjectsV2. */
  readonly list: (query: Readonly<Record<string, string>>) => Promise<Listing | undefined>
  /**
   * Writes a whole object; undefined if the SDK has to repeat it, though it may have taken place. Throws `precondition`,
   * `late`.
   */
  readonly put: (
    key: string,
    body: Uint8Array,
    options: PutOptions,
  ) => Promise<{ etag: string } | undefined>
  /** Deletes an object, whether or not it exists. */
  readonly remove: (key: string) => Promise<true | undefined>
  /**
   * Deletes a version of an object, by a condition that the service must know. Throws `precondition`, and `unavailable` if
   * it must not be repeated and had no answer.
   */
  readonly removeIf: (
    key: string,
    etag: string,
    options: DeleteOptions,
  ) => Promise<true | undefined>
  /** See the port. */
  readonly presign: (
    method: 'GET' | 'HEAD',
    key: string,
    options: PresignOptions,
  ) => Promise<string>
  /** A body that fails as the port says. */
  readonly body: (body: Readable, key: string) => Readable
}

/** Called with the operation that the SDK has to repeat, and the reason. */
export type ReportFallback = (doing: string, reason: unknown) => void
