/**
 * Storing parts of multipart uploads on disk.
 *
 * The first to create the file `<n>` owns the place of part n in `data` and writes there; once its
 * bytes are flushed, it writes size and etag into `<n>`. All later writers of that part write a
 * file of their own, and then the record `<n>.current`, which takes precedence. So two writers
 * never share a place, and an empty `<n>` says that a writer may still be writing in `data`.
 *
 * Parts are flushed one by one. That spares the completion a long flush, and after a power failure
 * there is no record whose bytes are gone.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, unlink, writeFile } from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import { MAX_PARTS, type MultipartUpload, type Part } from '../store.ts'
import { writeAll } from './disk.ts'
import { besidePath, CURRENT, recordOf, VOID } from './parts.ts'
import type { Tree } from './paths.ts'
import { hasErrno, isAbsent } from './system-errors.ts'
import { gone, openUpload } from './uploads.ts'

/** Writes bytes at a position of a file and flushes them. */
const writeAt = async (
  path: string,
  flags: string,
  body: Uint8Array,
  position: number,
): Promise<void> => {
  const file = await open(path, flags)
  try {
    await writeAll(file, body, position)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Writes a part at its place. @returns false if the place is taken */
const writeInPlace = async (
  directory: string,
  part: Part,
  body: Uint8Array,
  position: number,
): Promise<boolean> => {
  const path = `${directory}/${part.number}`
  let claim: FileHandle
  try {
    claim = await open(path, 'wx')
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
  try {
    await writeAt(`${directory}/data`, 'r+', body, position)
    await claim.write(recordOf(part))
  } catch (error) {
    // If this fails too, the upload is completed by copying: slow, but correct.
    await claim.write(VOID, 0).catch(() => undefined)
    throw error
  } finally {
    await claim.close()
  }
  return true
}

/** Writes a part into a file of its own, which takes precedence over its place. */
const writeBeside = async (directory: string, part: Part, body: Uint8Array): Promise<void> => {
  const path = besidePath(directory, part)
  const record = `${path}.record`
  try {
    await writeAt(path, 'wx', body, 0)
    await writeFile(record, recordOf(part), { flag: 'wx' })
    await rename(record, `${directory}/${part.number}${CURRENT}`)
  } catch (error) {
    for (const leftover of [path, record]) await unlink(leftover).catch(() => undefined)
    throw error
  }
}

/** Stores a part; see the port. Also throws `multipart` if it is larger than the part size. */
export const uploadPart = async (
  tree: Tree,
  upload: MultipartUpload,
  number: number,
  body: Uint8Array,
): Promise<Part> => {
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new RangeError(`part number ${number} is not 1 to ${MAX_PARTS}`)
  }
  const { directory, partSize } = await openUpload(tree, upload)
  const size = body.length
  if (size > partSize) {
    throw new StoreError(
      'multipart',
      `upload ${upload.id} of ${upload.key}: part ${number} has ${size} bytes, not ${partSize}`,
    )
  }
  const part = { number, size, etag: randomBytes(16).toString('hex') }
  try {
    const placed = await writeInPlace(directory, part, body, (number - 1) * partSize)
    if (!placed) await writeBeside(directory, part, body)
  } catch (error) {
    throw isAbsent(error) ? gone(upload, error) : error
  }
  return part
}
