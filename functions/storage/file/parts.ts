/**
 * Parts of multipart uploads on disk.
 *
 * The first to create the file `<n>` owns the place of part n in `data` and writes there; when its
 * bytes are flushed it writes size and etag into `<n>`. Everyone after it writes a file beside, and
 * then the record `<n>.current`, which takes precedence. So no two writers ever share a place, and
 * an empty `<n>` says that somebody may still be writing in `data`.
 *
 * Parts are flushed one by one. It spares completing the upload a long flush, and no record can
 * outlive a power failure that its bytes did not.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  type FileHandle,
  open,
  readdir,
  readFile,
  rename,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import { MAX_PARTS, type MultipartUpload, type Part } from '../store.ts'
import { writeAll } from './disk.ts'
import type { Tree } from './paths.ts'
import { openObject, readFully } from './read.ts'
import { hasErrno, isAbsent } from './system-errors.ts'
import { gone, openUpload } from './uploads.ts'

/** Bytes copied at a time. */
const COPY_BYTES = 4 * 1024 * 1024
const RECORD = /^(\d+) ([0-9a-f]{32})\n$/
/** What `<n>` holds when nobody writes at the place any more and it holds no part. */
const VOID = 'void\n'
const CURRENT = '.current'

/** Where a part's bytes are: at its place in `data`, or in a file beside. */
export interface StoredPart extends Part {
  readonly beside: boolean
}

/** All that a directory says of an upload's parts. */
export interface Inventory {
  /** By number: the part stored last. */
  readonly parts: ReadonlyMap<number, StoredPart>
  /** Numbers whose place in `data` is taken, by a part or by a writer. */
  readonly places: readonly number[]
  /** Whether someone may be writing in `data`, or was killed while it did. */
  readonly busy: boolean
}

/** The file of a part that is beside `data`. */
export const besidePath = (directory: string, { number, etag }: Part): string =>
  `${directory}/${number}.${etag}`

/** Says that nobody writes at the place of a part and that it holds none. */
export const voidPlace = (directory: string, number: number): Promise<void> =>
  writeFile(`${directory}/${number}`, VOID)

const readRecord = async (
  path: string,
): Promise<{ size: number; etag: string } | 'void' | 'unfinished'> => {
  const text = await readFile(path, 'latin1')
  if (text === VOID) return 'void'
  const [, size, etag] = RECORD.exec(text) ?? []
  return size === undefined || etag === undefined ? 'unfinished' : { size: Number(size), etag }
}

/** Reads the records of an upload. */
export const takeInventory = async (directory: string): Promise<Inventory> => {
  const names = new Set(await readdir(directory))
  const parts = new Map<number, StoredPart>()
  const places = [...names].filter((name) => /^\d+$/.test(name)).map(Number)
  let busy = false
  for (const number of places.sort((a, b) => a - b)) {
    const placed = await readRecord(`${directory}/${number}`)
    busy ||= placed === 'unfinished'
    const beside = names.has(`${number}${CURRENT}`)
    const record = beside ? await readRecord(`${directory}/${number}${CURRENT}`) : placed
    if (typeof record === 'object') parts.set(number, { number, ...record, beside })
  }
  return { parts, places, busy }
}

/** Copies a range of one open file to a position of another. */
export const copyRange = async (
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

type Fill = (file: FileHandle, position: number) => Promise<void>

const fillFile = async (path: string, flags: string, fill: Fill, position: number) => {
  const file = await open(path, flags)
  try {
    await fill(file, position)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Writes a part at its place. Answers false if the place is taken. */
const writeInPlace = async (
  directory: string,
  { number, size, etag }: Part,
  fill: Fill,
  position: number,
): Promise<boolean> => {
  const path = `${directory}/${number}`
  let claim: FileHandle
  try {
    claim = await open(path, 'wx')
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
  try {
    await fillFile(`${directory}/data`, 'r+', fill, position)
    await claim.write(`${size} ${etag}\n`)
  } catch (error) {
    // Should this fail too, the upload is completed by copying: slow, but right.
    await claim.write(VOID, 0).catch(() => undefined)
    throw error
  } finally {
    await claim.close()
  }
  return true
}

const writeBeside = async (directory: string, part: Part, fill: Fill): Promise<void> => {
  const path = besidePath(directory, part)
  const record = `${path}.record`
  try {
    await fillFile(path, 'wx', fill, 0)
    await writeFile(record, `${part.size} ${part.etag}\n`, { flag: 'wx' })
    await rename(record, `${directory}/${part.number}${CURRENT}`)
  } catch (error) {
    for (const leftover of [path, record]) await unlink(leftover).catch(() => undefined)
    throw error
  }
}

const storePart = async (
  tree: Tree,
  upload: MultipartUpload,
  number: number,
  size: number,
  fill: Fill,
): Promise<Part> => {
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new RangeError(`part number ${number} is not 1 to ${MAX_PARTS}`)
  }
  const { directory, partSize } = await openUpload(tree, upload)
  if (size > partSize) {
    throw new StoreError(
      'multipart',
      `upload ${upload.id} of ${upload.key}: part ${number} has ${size} bytes, not ${partSize}`,
    )
  }
  const part = { number, size, etag: randomBytes(16).toString('hex') }
  try {
    const placed = await writeInPlace(directory, part, fill, (number - 1) * partSize)
    if (!placed) await writeBeside(directory, part, fill)
  } catch (error) {
    throw isAbsent(error) ? gone(upload, error) : error
  }
  return part
}

/** Stores a part; see the port. Throws `multipart` also for one larger than the part size. */
export const uploadPart = (
  tree: Tree,
  upload: MultipartUpload,
  number: number,
  body: Uint8Array,
): Promise<Part> =>
  storePart(tree, upload, number, body.length, (file, position) => writeAll(file, body, position))

/** Stores a range of an object as a part; see the port. Throws `missing`, `range`. */
export const copyPart = async (
  tree: Tree,
  upload: MultipartUpload,
  number: number,
  from: string,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Part> => {
  const source = await openObject(tree, from)
  if (source === undefined) throw new StoreError('missing', `copy part of ${from}: no such object`)
  try {
    const { size } = source.info
    if (!Number.isSafeInteger(start) || start < 0 || end < start || end >= size) {
      throw new StoreError('range', `copy part of ${from}: bytes ${start}-${end} of ${size}`)
    }
    const length = end - start + 1
    return await storePart(tree, upload, number, length, (file, position) =>
      copyRange(source.file, start, length, file, position),
    )
  } finally {
    await source.file.close()
  }
}

/** All parts stored so far; see the port. */
export const listParts = async (tree: Tree, upload: MultipartUpload): Promise<Part[]> => {
  const { directory } = await openUpload(tree, upload)
  try {
    const { parts } = await takeInventory(directory)
    return [...parts.values()].map(({ number, etag, size }) => ({ number, etag, size }))
  } catch (error) {
    throw isAbsent(error) ? gone(upload, error) : error
  }
}
