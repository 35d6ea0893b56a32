/**
 * The port to where bytes live. Two adapters implement it (`s3`, `file`) and one contract suite,
 * test/storage/contract.ts, says what it means.
 *
 * Keys are non-empty strings of `/`-separated segments, without a leading slash, at most 1024 bytes
 * of UTF-8. A key may be both an object and a prefix of other keys. All orders are by UTF-8 bytes.
 * Reads see every write and delete that was answered before they began.
 *
 * @module
 */

import type { Readable } from 'node:stream'

/** A range of bytes, ends inclusive: `start` alone reads to the end, `suffix` the last bytes. */
export type ByteRange =
  | { readonly start: number; readonly end?: number }
  | { readonly suffix: number }

/** What a store says of an object without its bytes. */
export interface ObjectInfo {
  /** Size of the whole object in bytes. */
  readonly size: number
  /** Opaque version of the content, for conditions; without quotes. */
  readonly etag: string
  readonly modified: Date
  /** As given to `put`, or empty where an adapter keeps none: callers must do without it. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Bytes by chunk: few at once as they are, more as a stream, which holds a connection or a file until
 * it ends or is destroyed.
 */
export type ObjectBody = readonly [Uint8Array<ArrayBuffer>] | Readable

/** An object, or the asked range of it, on its way. The reader must consume or discard `body`. */
export interface ObjectRead {
  readonly info: ObjectInfo
  /** First and last byte of `body` within the object; `end` is `start - 1` for an empty object. */
  readonly start: number
  readonly end: number
  readonly body: ObjectBody
}

/** A condition on the object a key holds at the moment of the write; false throws `precondition`. */
export type WriteCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: '*' }

export interface PutOptions {
  readonly condition?: WriteCondition
  /** Hex SHA-256 of the body; the store itself verifies it and throws `checksum`. */
  readonly sha256?: string
  /** Small map of lower-case names to ASCII values. An adapter may keep none. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface ListOptions {
  /** Keys are rolled up at the first slash after the prefix. */
  readonly delimiter?: '/'
  /** Only keys (and rolled-up prefixes with a key) after this one, by UTF-8 bytes. */
  readonly startAfter?: string
  /** Most entries (keys and prefixes together), 1 to 1000. Default 1000. */
  readonly limit?: number
}

export interface ListedObject {
  readonly key: string
  readonly size: number
  readonly modified: Date
}

/** One page of a listing. Objects and prefixes are each in byte order. */
export interface ListPage {
  readonly objects: readonly ListedObject[]
  /** Rolled-up prefixes, delimiter included. */
  readonly prefixes: readonly string[]
  /** Whether entries after the last one exist. */
  readonly truncated: boolean
}

/** A multipart upload under way; what it holds is unreadable until it is completed. */
export interface MultipartUpload {
  readonly key: string
  readonly id: string
}

export interface Part {
  /** 1 to 10,000. */
  readonly number: number
  readonly etag: string
  /** Bytes. */
  readonly size: number
}

/** One upload still open, as found by a clean-up. */
export interface OpenMultipart extends MultipartUpload {
  readonly started: Date
}

export interface PresignOptions {
  /** Life of the URL in seconds; what is left of it is at least four fifths. */
  readonly expiresIn: number
  /** Content-Type of its answers, whatever the object's own is. */
  readonly contentType?: string
}

/** Smallest part, but for the last, that every store takes: S3's 5 MiB. */
export const MIN_PART_SIZE = 5 * 1024 * 1024
/** Most parts of one upload. */
export const MAX_PARTS = 10_000

/** Bytes by key. Methods throw `StoreError` (errors.ts) and nothing else that is expected. */
export interface ObjectStore {
  /** The object's bytes, or undefined when the key holds none. Throws `range` if unsatisfiable. */
  get(key: string, range?: ByteRange): Promise<ObjectRead | undefined>
  /** The object's facts, or undefined when the key holds none. */
  head(key: string): Promise<ObjectInfo | undefined>
  /** Writes a whole object atomically. Throws `precondition`, `checksum`. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<{ readonly etag: string }>
  /**
   * Copies an object of `size` bytes, without its metadata; `to` appears whole. Throws `missing`.
   */
  copy(from: string, to: string, size: number): Promise<void>
  /** Deletes up to any number of keys; a missing key is no error. Not atomic as a whole. */
  delete(keys: readonly string[]): Promise<void>
  /** One page of the keys that begin with `prefix`. */
  list(prefix: string, options?: ListOptions): Promise<ListPage>

  /**
   * Begins a multipart upload. Every part but the last must have exactly `partSize` bytes, at
   * least {@link MIN_PART_SIZE}: R2 demands it, and the file store places parts by it.
   */
  createMultipart(key: string, partSize: number): Promise<MultipartUpload>
  /** Stores a part, replacing one of the same number. Throws `multipart` if the upload is gone. */
  uploadPart(upload: MultipartUpload, number: number, body: Uint8Array): Promise<Part>
  /** All parts stored so far, by number. Throws `multipart` if the upload is gone. */
  listParts(upload: MultipartUpload): Promise<Part[]>
  /**
   * Makes the object of exactly these parts, which must be ascending and whose etags must be those
   * stored. Throws `multipart` if the upload is gone or a part is not as named.
   */
  completeMultipart(upload: MultipartUpload, parts: readonly Part[]): Promise<void>
  /** Drops the upload and its parts; one already gone is no error. */
  abortMultipart(upload: MultipartUpload): Promise<void>
  /** Open uploads whose key begins with `prefix`. */
  listMultiparts(prefix: string): Promise<OpenMultipart[]>

  /** A URL that serves the object to whoever holds it; absent where the store cannot. */
  presign?(method: 'GET' | 'HEAD', key: string, options: PresignOptions): Promise<string>
}
