/**
 * What the server keeps: buckets, objects and multipart uploads under way.
 *
 * @module
 */
import type { Algorithm, Checksum, ChecksumType } from './checksums.ts'
import type { Content } from './content.ts'

/** What an object carries beside its bytes. */
export interface Attributes {
  /** Content-Type and the like, by lower-case header name. */
  readonly headers: Readonly<Record<string, string>>
  /** User metadata by the full lower-case `x-amz-meta-` name. */
  readonly metadata: Readonly<Record<string, string>>
}

/** An object; replaced as a whole, never changed. */
export interface StoredObject extends Attributes {
  readonly content: Content
  /** Without quotes. */
  readonly etag: string
  /** Whole seconds, as S3 tells it. */
  readonly modified: Date
  readonly checksum: Checksum | undefined
}

/** A part of an upload. */
export interface StoredPart {
  readonly content: Content
  /** Hex MD5. */
  readonly etag: string
  readonly modified: Date
  readonly checksum: Checksum | undefined
}

/** A multipart upload under way. */
export interface Upload extends Attributes {
  readonly id: string
  readonly key: string
  readonly started: Date
  readonly parts: Map<number, StoredPart>
  /** The checksum asked for when it was created. */
  readonly checksum: { readonly algorithm: Algorithm; readonly type: ChecksumType } | undefined
}

/** The present time without milliseconds. */
export const wholeSeconds = (): Date => new Date(Math.floor(Date.now() / 1000) * 1000)

/** Compares by UTF-8 bytes, which is S3's order; UTF-16 units would misplace astral characters. */
export const compareKeys = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Index of the first of the sorted keys that is after (or, if inclusive, at) a bound. */
export const seek = (keys: readonly string[], bound: string, inclusive: boolean): number => {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareKeys(keys[middle]!, bound)
    if (order > 0 || (inclusive && order === 0)) high = middle
    else low = middle + 1
  }
  return low
}

/** A bucket. */
export class Bucket {
  readonly name: string
  /** By upload id. */
  readonly uploads = new Map<string, Upload>()
  readonly #objects = new Map<string, StoredObject>()
  #sorted: string[] | undefined

  constructor(name: string) {
    this.name = name
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  put(key: string, object: StoredObject): void {
    // Sorting all keys anew for each that is added would make large buckets slow.
    if (!this.#objects.has(key)) this.#sorted?.splice(seek(this.#sorted, key, true), 0, key)
    this.#objects.set(key, object)
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted?.splice(seek(this.#sorted, key, true), 1)
  }

  /** All keys in the order of their bytes. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => Buffer.from(key))
      .sort(Buffer.compare)
      .map((bytes) => bytes.toString())
    return this.#sorted
  }
}
