/**
 * The port to where bytes live. Two adapters implement it, `s3` and `file`; one contract suite,
 * test/storage/contract.ts, defines what it means.
 *
 * Keys are non-empty strings of `/`-separated segments, without a leading slash, at most 1024 bytes
 * of UTF-8. A key may be both an object and a prefix of other keys. All ordering is by UTF-8 bytes.
 * Reads see every write and delete that completed before they began.
 *
 * @module
 */

import type { Readable } from 'node:stream'

/**
 * A range of bytes, ends included: `start` alone reads to the end, `suffix` reads the last bytes.
 */
export type ByteRange =
  | { readonly start: number; readonly end?: number }
  | { readonly suffix: number }

/** What a store knows about an object, without its bytes. */
export interface ObjectInfo {
  /** Size of the whole object in bytes. */
  readonly size: number
  /** Opaque version of the content, for conditions; without quotes. */
  readonly etag: string
  readonly modified: Date
  /**
   * Opaque name of just this write, where the store has such: another write of the same bytes has
   * another one, but may have the same `etag`. S3 has them in buckets with versions.
   */
  readonly version?: string
  /** As given to `put`, or empty where an adapter keeps none: callers must not depend on it. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Bytes in chunks: a small object in one piece, a larger one as a stream, which holds a connection
 * or a file until it ends or is destroyed.
 */
export type ObjectBody = readonly [Uint8Array<ArrayBuffer>] | Readable

/** An object, or the requested range of it. The reader must consume or discard `body`. */
export interface ObjectRead {
  readonly info: ObjectInfo
  /** First and last byte of `body` within the object; `end` is `start - 1` for an empty object. */
  readonly start: number
  readonly end: number
  readonly body: ObjectBody
}

/**
 * A condition on the object at a key at the moment of the write; if false, `precondition` is
 * thrown.
 */
export type WriteCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: '*' }

export interface PutOptions {
  readonly condition?: WriteCondition
  /** Hex SHA-256 of the body; the store itself verifies it, and throws `checksum` on a mismatch. */
  readonly sha256?: string
  /**
   * Whether that SHA-256 was computed from this very memory. A store on the same machine then does not read it again; one
   * that the bytes travel to verifies them all the same.
   */
  readonly computedHere?: boolean
  /** Small map of lower-case names to ASCII values. An adapter may discard it. */
  readonly metadata?: Readonly<Record<string, string>>
  /**
   * Asked as late as can be: right before the write is sent, once it is signed, and again each time
   * that it is repeated. If it says no, nothing is sent and `late` is thrown.
   */
  readonly inTime?: (() => boolean) | undefined
}

export interface DeleteOptions {
  /**
   * Whether it is not sent again where it had no answer: it may take place yet, on the same bytes that somebody has
   * written anew by then. For versions that are sums of the bytes, and bytes that may come again. Default: no.
   */
  readonly once?: boolean
}

export interface ListOptions {
  /** Keys are rolled up at the first slash after the prefix. */
  readonly delimiter?: '/'
  /** Only keys after this one, and prefixes with a key after it, by UTF-8 bytes. */
  readonly startAfter?: string
  /** The most entries (keys and prefixes together), 1 to 1000. Default: 1000. */
  readonly limit?: number
}

export interface ListedObject {
  readonly key: string
  readonly size: number
  /** As in {@link ObjectInfo}; undefined where the service does not list it. */
  readonly etag: string | undefined
  readonly modified: Date
}

/** One page of a listing. Objects and prefixes are each in byte order. */
export interface ListPage {
  readonly objects: readonly ListedObject[]
  /** Rolled-up prefixes, each with its slash. */
  readonly prefixes: readonly string[]
  /** Whether there are more entries after the last one. */
  readonly truncated: boolean
}

/** An open multipart upload; its bytes cannot be read until it is completed. */
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
  /** Hex SHA-256 of its bytes, where the store has computed it. */
  readonly sha256?: string
}

/** What a part that a client sends to the store itself has to be. */
export interface PresignPartOptions {
  /** Bytes; at most {@link MAX_PART_SIZE}. */
  readonly size: number
  /** Hex SHA-256 of its bytes. */
  readonly sha256: string
  /** Lifetime of the URL in seconds. */
  readonly expiresIn: number
}

/** A PUT that whoever holds it may send, with exactly these headers. */
export interface PresignedPart {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** An upload that is still open, as found by a clean-up. */
export interface OpenMultipart extends MultipartUpload {
  readonly started: Date
}

export interface PresignOptions {
  /** Lifetime of the URL in seconds; at least four fifths of it remain when the URL is returned. */
  readonly expiresIn: number
  /** Content-Type of its responses, whatever the object's own is. */
  readonly contentType?: string
}

/** Smallest part, except for the last, that every store accepts: S3's 5 MiB. */
export const MIN_PART_SIZE = 5 * 1024 * 1024
/** The most parts of one upload. */
export const MAX_PARTS = 10_000
/** Largest part: S3's 5 GiB. */
export const MAX_PART_SIZE = 5 * 1024 ** 3

/** How the last calls of a store ended. */
export interface LastCalls {
  /** How many in a row, up to the last one, ended with `unavailable`. */
  unavailable: number
  /** When the last of those ended, by `performance.now()`. */
  failedAt: number
  /** How many requests were sent again: the first of each may be carried out after the answer to another. */
  resent: number
}

/** Bytes by key. The failures that methods are expected to throw are all `StoreError`. */
export interface ObjectStore {
  /** Kept by the store itself, and written by nobody else: to look at it costs nothing. */
  readonly lastCalls: Readonly<LastCalls>
  /**
   * The object's bytes, or undefined if there is none. Throws `range` if it cannot be satisfied.
   */
  get(key: string, range?: ByteRange): Promise<ObjectRead | undefined>
  /** What the store knows about the object, or undefined if there is none. */
  head(key: string): Promise<ObjectInfo | undefined>
  /** Writes a whole object atomically. Throws `precondition`, `checksum`, `late`. */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<{ readonly etag: string }>
  /**
   * Copies an object of `size` bytes, without its metadata; `to` appears whole.
   *
   * @param etag the version to copy; without it, whichever is there
   * @throws StoreError `missing` when there is no such object, or it has another version
   */
  copy(from: string, to: string, size: number, etag?: string): Promise<void>
  /** Deletes any number of keys; a missing key is not an error. Not atomic as a whole. */
  delete(keys: readonly string[]): Promise<void>
  /**
   * Deletes an object if it still has this version. If {@link deletesExactly} says no, the version
   * is looked at right before the delete, and a write between the two is lost.
   *
   * @throws StoreError `precondition` when it has another version, or there is no object
   */
  deleteIf(key: string, etag: string, options?: DeleteOptions): Promise<void>
  /**
   * Whether {@link deleteIf} looks and deletes in one step. Found out once, by trying it on an
   * object of the store's own, and by what the service calls itself: it may ignore the condition, and
   * delete, or look first and then delete.
   */
  deletesExactly(): Promise<boolean>
  /**
   * Whether {@link deleteIf} is seen to take a write away that was acknowledged: some hundred deletes are
   * sent, each beside a write, on objects of the store's own, for some seconds. Where it is false, that is no
   * proof; it is tried again at the first call half a day later, and otherwise at each. Absent where nothing is to be found out: on files, and with AWS.
   */
  losesWrites?(): Promise<boolean>
  /**
   * Deletes one write of an object, as `ObjectInfo.version` names it, and no other; it is not an error
   * if that is gone.
   *
   * @returns false when it was gone. Services with versions may not tell, and then say true
   */
  deleteVersion(key: string, version: string): Promise<boolean>
  /**
   * Deletes an object by one request that is never repeated. When it throws `unavailable`, the
   * request may still be carried out, for as long as the store takes one that was signed now.
   */
  deleteOnce(key: string): Promise<void>
  /** One page of the keys that begin with `prefix`. */
  list(prefix: string, options?: ListOptions): Promise<ListPage>

  /**
   * Begins a multipart upload. Every part except the last must have exactly `partSize` bytes, at
   * least {@link MIN_PART_SIZE}: R2 requires it, and the file store places parts by it.
   *
   * @param presigned whether its parts come by {@link presignPart}
   */
  createMultipart(key: string, partSize: number, presigned?: boolean): Promise<MultipartUpload>
  /** Stores a part, replacing one of the same number. Throws `multipart` if the upload is gone. */
  uploadPart(upload: MultipartUpload, number: number, body: Uint8Array): Promise<Part>
  /** All parts stored so far, by number. Throws `multipart` if the upload is gone. */
  listParts(upload: MultipartUpload): Promise<Part[]>
  /**
   * Makes the object of exactly these parts, which must be in ascending order and have the etags
   * that are stored. Throws `multipart` if the upload is gone or a part differs.
   */
  completeMultipart(
    upload: MultipartUpload,
    parts: readonly Part[],
  ): Promise<{ readonly etag: string }>
  /**
   * Drops the upload and its parts; it is not an error if it is already gone.
   *
   * @returns false when it was gone
   */
  abortMultipart(upload: MultipartUpload): Promise<boolean>
  /** Open uploads whose key begins with `prefix`. */
  listMultiparts(prefix: string): Promise<OpenMultipart[]>

  /**
   * Removes what processes that died have left outside all keys and open uploads; absent if the store
   * leaves nothing. Safe while other processes use the store.
   *
   * @param before only what was last changed before this, which no process may still be writing
   * @returns how much was removed
   */
  sweep?(before: Date): Promise<number>
  /** What {@link sweep} would remove, by its path in the store's own directory; absent with it. */
  leftovers?(before: Date): Promise<readonly string[]>

  /** A URL that serves the object to whoever holds it; absent if the store cannot do that. */
  presign?(method: 'GET' | 'HEAD', key: string, options: PresignOptions): Promise<string>
  /**
   * A request that stores one part of an upload that was created for it, and no other bytes than those
   * with this hash; absent if the store cannot do that. Sends nothing.
   */
  presignPart?(
    upload: MultipartUpload,
    number: number,
    options: PresignPartOptions,
  ): Promise<PresignedPart>
  /**
   * Whether the service holds {@link presignPart} to its word; absent with it. Found out once, by trying
   * it on an object of the store's own: some services check neither signatures nor checksums, and would
   * take any bytes.
   */
  provesParts?(): Promise<boolean>
}
