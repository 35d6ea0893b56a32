/**
 * Completing multipart uploads on disk: `data` becomes the object by a rename.
 *
 * Bytes are copied in two cases only: a replaced part to its place, and all parts to a new file if
 * a writer may still be writing to `data` or parts are missing between those named. A writer that
 * was sealed off keeps its open file, so `data` may become an object only when nobody can have it
 * open.
 *
 * @module
 */
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import type { MultipartUpload, Part } from '../store.ts'
import { stamp, writeAll } from './disk.ts'
import { besidePath, type Inventory, type StoredPart, takeInventory, voidPlace } from './parts.ts'
import type { Tree } from './paths.ts'
import { readFully } from './read.ts'
import { isAbsent } from './system-errors.ts'
import { gone, openUpload, withSealed } from './uploads.ts'
import { publish } from './write.ts'

/** The stored parts with these numbers and etags. Throws `multipart` as the port requires. */
const checkParts = (
  { key, id }: MultipartUpload,
  named: readonly Part[],
  { parts }: Inventory,
  partSize: number,
): StoredPart[] => {
  const fail = (why: string): StoreError =>
    new StoreError('multipart', `complete upload ${id} of ${key}: ${why}`)
  if (named.length === 0) throw fail('no parts')
  return named.map(({ number, etag }, at) => {
    const before = named[at - 1]
    if (before !== undefined && before.number >= number) {
      throw fail(`part ${number} after part ${before.number}`)
    }
    const stored = parts.get(number)
    if (stored?.etag !== etag) throw fail(`part ${number} is ${stored?.etag}, not ${etag}`)
    if (stored.size !== partSize && at < named.length - 1) {
      throw fail(`part ${number} has ${stored.size} bytes, not ${partSize}, and is not the last`)
    }
    return stored
  })
}

/** Bytes copied at a time. */
const COPY_BYTES = 4 * 1024 * 1024

/** Copies a range of one open file to a position of another. */
const copyRange = async (
  from: FileHandle,
  start: number,
  size: number,
  to: FileHandle,
  position: number,
): Promise<void> => {
  for (let done = 0; done < size; done += COPY_BYTES) {
    const chunk = await readFully(from, start + done, Math.min(COPY_BYTES, size - done))
    await writeAll(to, chunk, position + done)
  }
}

/** Copies parts, one after the other, into a file at the given positions. */
const gather = async (
  directory: string,
  parts: readonly StoredPart[],
  partSize: number,
  target: string,
  positionOf: (part: StoredPart, index: number) => number,
): Promise<void> => {
  const to = await open(target, target === `${directory}/data` ? 'r+' : 'w')
  try {
    for (const [index, part] of parts.entries()) {
      const from = await open(part.beside ? besidePath(directory, part) : `${directory}/data`, 'r')
      try {
        const start = part.beside ? 0 : (part.number - 1) * partSize
        await copyRange(from, start, part.size, to, positionOf(part, index))
      } finally {
        await from.close()
      }
    }
  } finally {
    await to.close()
  }
}

/** Makes the file of the whole object. @returns its path */
const assemble = async (
  directory: string,
  { busy, places }: Inventory,
  parts: readonly StoredPart[],
  partSize: number,
): Promise<string> => {
  const total = parts.reduce((sum, { size }) => sum + size, 0)
  if (busy || parts.at(-1)!.number !== parts.length) {
    const whole = `${directory}/whole`
    await gather(directory, parts, partSize, whole, (_, index) => index * partSize)
    return whole
  }
  const data = `${directory}/data`
  const replaced = parts.filter(({ beside }) => beside)
  if (replaced.length > 0) {
    await gather(directory, replaced, partSize, data, (part) => (part.number - 1) * partSize)
  }
  // Truncation removes the bytes of parts that are not named, so their records go first: should the
  // rest fail, the upload is open again.
  const unnamed = places.filter((number) => number > parts.length)
  for (const number of unnamed) await voidPlace(directory, number)
  await truncate(data, total)
  return data
}

/** Gives a file that is complete its version, and flushes it. */
const seal = async (path: string): Promise<string> => {
  const file = await open(path, 'r+')
  try {
    const etag = await stamp(file)
    await file.datasync()
    return etag
  } finally {
    await file.close()
  }
}

/** Makes the object of exactly these parts; see the port. */
export const completeMultipart = async (
  tree: Tree,
  upload: MultipartUpload,
  named: readonly Part[],
): Promise<{ etag: string }> => {
  const { partSize } = await openUpload(tree, upload)
  return withSealed(tree, upload, async (directory) => {
    try {
      const inventory = await takeInventory(directory)
      const parts = checkParts(upload, named, inventory, partSize)
      const whole = await assemble(directory, inventory, parts, partSize)
      const etag = await seal(whole)
      await publish(tree, whole, upload.key)
      return { etag }
    } catch (error) {
      throw isAbsent(error) ? gone(upload, error) : error
    }
  })
}
