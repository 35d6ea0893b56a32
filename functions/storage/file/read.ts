/**
 * Reading objects. A read opens the file once and keeps it: overwrites and deletes leave that file
 * as it is, so versions cannot mix.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { StoreError } from '../errors.ts'
import type { ByteRange, ObjectInfo, ObjectRead } from '../store.ts'
import { pathOf, type Tree } from './paths.ts'
import { isAbsent } from './system-errors.ts'

/** Bytes read at a time, and the size up to which an object is read whole before `get` returns. */
const CHUNK_BYTES = 512 * 1024

/** The version of a file, which changes with every write of the key: see `stamp` in disk.ts. */
export const etagOf = (stats: BigIntStats): string =>
  [stats.ino, stats.mtimeNs, stats.size].map((value) => value.toString(36)).join('-')

const infoOf = (stats: BigIntStats): ObjectInfo => {
  const etag = etagOf(stats)
  return { size: Number(stats.size), etag, version: etag, modified: stats.mtime, metadata: {} }
}

/** What is known about the object; see the port. */
export const head = async (tree: Tree, key: string): Promise<ObjectInfo | undefined> => {
  try {
    const stats = await stat(pathOf(tree, key), { bigint: true })
    return stats.isFile() ? infoOf(stats) : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/**
 * First and last byte of a range of an object.
 *
 * @param size of the object in bytes
 * @throws StoreError `range` if the object has none of its bytes (RFC 9110 section 14.1.2); as in
 * S3, that is any range of an empty object
 */
export const resolveRange = (
  key: string,
  range: ByteRange,
  size: number,
): { start: number; end: number } => {
  const start = 'suffix' in range ? Math.max(0, size - range.suffix) : range.start
  const end = 'suffix' in range ? size - 1 : Math.min(range.end ?? size - 1, size - 1)
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end) {
    throw new StoreError('range', `read ${key}: ${JSON.stringify(range)} of ${size} bytes`)
  }
  return { start, end }
}

/** Reads `length` bytes at a position; throws if the file ends before. */
export const readFully = async (
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  // Not from Buffer's pool: a consumer may transfer the memory or keep a slice of it.
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw new Error(`file ends at byte ${position + done}`)
    done += bytesRead
  }
  return bytes
}

const streamOf = (file: FileHandle, start: number, end: number): Readable => {
  let position = start
  return new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      readFully(file, position, Math.min(CHUNK_BYTES, end + 1 - position)).then(
        (chunk) => {
          position += chunk.length
          this.push(chunk)
          if (position > end) this.push(null)
        },
        (error) => this.destroy(error),
      )
    },
    destroy(error, done) {
      file.close().then(() => done(error), done)
    },
  })
}

/** Opens an object's file. @returns undefined if there is no object at the key */
export const openObject = async (
  tree: Tree,
  key: string,
): Promise<{ file: FileHandle; info: ObjectInfo } | undefined> => {
  const path = pathOf(tree, key)
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  try {
    const stats = await file.stat({ bigint: true })
    if (stats.isFile()) return { file, info: infoOf(stats) }
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  return undefined
}

/** The object's bytes; see the port. Throws `range`. */
export const get = async (
  tree: Tree,
  key: string,
  range?: ByteRange,
): Promise<ObjectRead | undefined> => {
  const opened = await openObject(tree, key)
  if (opened === undefined) return undefined
  const { file, info } = opened
  let streaming = false
  try {
    const { start, end } =
      range === undefined ? { start: 0, end: info.size - 1 } : resolveRange(key, range, info.size)
    streaming = end - start >= CHUNK_BYTES
    const body = streaming
      ? streamOf(file, start, end)
      : ([await readFully(file, start, end - start + 1)] as const)
    return { info, start, end, body }
  } finally {
    if (!streaming) await file.close()
  }
}
