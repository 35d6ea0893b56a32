/**
 * What a writer of parts does; writer.ts is how.
 *
 * @module
 */

import type { MultipartUpload, ObjectStore, Part } from '../../storage/store.ts'
import type { UploadMemory } from './memory.ts'
import type { Segment } from './state.ts'

export interface PartWriterOptions {
  readonly store: ObjectStore
  readonly memory: UploadMemory
  /** Whose segments they are. */
  readonly uuid: string
  /** Key of the multipart upload that is created when there are enough bytes for a part. */
  readonly key: string
  /** Bytes of every part but the last. */
  readonly partSize: number
  /** The multipart upload to continue, and the number of its next part. */
  readonly multipart: MultipartUpload | undefined
  readonly firstPart: number
  /** Position in the blob of the first byte of that part. */
  readonly offset: number
  /** Staged bytes that come before the stream's and do not yet fill a part. */
  readonly segments: readonly Segment[]
  /** Bytes expected, if known; a small blob then takes no more memory than it has bytes. */
  readonly expected: number | undefined
}

export interface PartWriter {
  /** The multipart upload, once there is one. */
  readonly multipart: MultipartUpload | undefined
  /** Parts stored by this writer, in ascending order; complete after `flush`. */
  readonly parts: readonly Part[]
  /** Staged bytes that come before those that are pending. */
  readonly ahead: readonly Segment[]
  /** Whether bytes were staged and read back, for `pendingWhole` or a part. */
  readonly wasStaged: boolean
  /** Takes bytes; waits while too many are being sent. Throws what sending a part threw. */
  write(chunk: Uint8Array): Promise<void>
  /** Bytes not yet in a part and not staged. Valid until the next call. */
  pending(): Buffer
  /** Bytes not yet in a part, with those that are staged. Valid until the next call. */
  pendingWhole(): Promise<Buffer>
  /** Sends what is pending if it fills a part or is the `last` part, and waits for all parts. */
  flush(last: boolean): Promise<void>
  /**
   * Waits until nothing is being sent, releases memory and deletes what was staged here but the
   * segments that are kept; never throws, may be repeated.
   *
   * @param failed whether what it gave may still be read, by a request that has failed
   */
  close(failed: boolean, kept?: readonly Segment[]): Promise<void>
}
