/**
 * Multipart uploads on disk: creating, finding and dropping their directories.
 *
 * An upload is the directory `uploads/<id>` of the store's own files:
 *
 * | file | holds |
 * |---|---|
 * | `upload` | key, part size and time of creation, as JSON |
 * | `data` | the later object: part n at (n - 1) × part size |
 * | `<n>` | says that part n is in `data`, see parts.ts |
 * | `<n>.current`, `<n>.<etag>` | record and bytes of a part that replaced another |
 *
 * A rename to `<id>.sealed` closes the upload to all writers at once while it is completed.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import { MIN_PART_SIZE, type MultipartUpload, type OpenMultipart } from '../store.ts'
import { temporaryPath, withParents } from './disk.ts'
import { compareUtf8 } from './order.ts'
import { pathOf, type Tree, uploadsDirectory } from './paths.ts'
import { isAbsent } from './system-errors.ts'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SEALED = '.sealed'

/** What the file `upload` holds. */
interface Description {
  readonly key: string
  readonly partSize: number
  /** ISO 8601. */
  readonly started: string
}

/** The failure of every operation on an upload that does not exist. */
export const gone = ({ key, id }: MultipartUpload, cause?: unknown): StoreError =>
  new StoreError('multipart', `upload ${id} of ${key}: no such upload`, { cause })

/**
 * The directory of an upload.
 *
 * @throws StoreError `multipart` for an id that no upload can have, before a path is built from it
 */
export const uploadDirectory = (tree: Tree, upload: MultipartUpload): string => {
  if (!ID.test(upload.id)) throw gone(upload)
  return `${uploadsDirectory(tree)}/${upload.id}`
}

/** Begins an upload; see the port. Throws RangeError for a part size below the minimum. */
export const createMultipart = async (
  tree: Tree,
  key: string,
  partSize: number,
): Promise<MultipartUpload> => {
  pathOf(tree, key)
  if (!Number.isSafeInteger(partSize) || partSize < MIN_PART_SIZE) {
    throw new RangeError(`part size ${partSize} is not ${MIN_PART_SIZE} or more`)
  }
  const upload = { key, id: randomUUID() }
  const directory = uploadDirectory(tree, upload)
  await withParents(`${directory}/data`, () => writeFile(`${directory}/data`, '', { flag: 'wx' }))
  const description: Description = { key, partSize, started: new Date().toISOString() }
  // Last, and small enough for one write: without it, the upload does not exist yet.
  await writeFile(`${directory}/upload`, JSON.stringify(description))
  return upload
}

const readDescription = async (directory: string): Promise<Description | undefined> => {
  try {
    return JSON.parse(await readFile(`${directory}/upload`, 'utf8'))
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Whether a directory is an upload, and not what is left of one whose creation was cut short. */
export const isBegun = async (directory: string): Promise<boolean> =>
  (await readDescription(directory)) !== undefined

/**
 * The directory and part size of an open upload.
 *
 * @throws StoreError `multipart` if it is gone, is being completed, or belongs to another key
 */
export const openUpload = async (
  tree: Tree,
  upload: MultipartUpload,
): Promise<{ directory: string; partSize: number }> => {
  const directory = uploadDirectory(tree, upload)
  const description = await readDescription(directory)
  if (description?.key !== upload.key) throw gone(upload)
  return { directory, partSize: description.partSize }
}

/** Open uploads by key prefix; see the port. Those left by a killed completion count as open. */
export const listMultiparts = async (tree: Tree, prefix: string): Promise<OpenMultipart[]> => {
  const uploads = uploadsDirectory(tree)
  let names: string[]
  try {
    names = await readdir(uploads)
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
  const found: OpenMultipart[] = []
  for (const name of names) {
    const description = await readDescription(`${uploads}/${name}`)
    if (!description?.key.startsWith(prefix)) continue
    const { key, started } = description
    found.push({ key, id: name.replace(SEALED, ''), started: new Date(started) })
  }
  return found.sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id))
}

/** Removes a directory: by a rename, at once for everyone else, and then file by file. @returns false when it was gone */
export const discard = async (tree: Tree, directory: string): Promise<boolean> => {
  const away = temporaryPath(tree)
  try {
    await withParents(away, () => rename(directory, away))
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
  await rm(away, { recursive: true, force: true })
  return true
}

/** Drops an upload; see the port. */
export const abortMultipart = async (tree: Tree, upload: MultipartUpload): Promise<boolean> => {
  if (!ID.test(upload.id)) return false
  const directory = uploadDirectory(tree, upload)
  let dropped = false
  for (const path of [directory, directory + SEALED]) {
    if ((await readDescription(path))?.key !== upload.key) continue
    if (await discard(tree, path)) dropped = true
  }
  return dropped
}

/**
 * Whether no file of an upload is an object as well, nor has become one: a flush may fail when that has its name already.
 * Whoever continued such an upload would change an object.
 */
const isPrivate = async (directory: string): Promise<boolean> => {
  const names = async (name: string): Promise<number> => {
    try {
      return (await stat(`${directory}/${name}`)).nlink
    } catch (error) {
      if (isAbsent(error)) return 0
      throw error
    }
  }
  try {
    return (await names('data')) === 1 && (await names('whole')) <= 1
  } catch {
    // Nobody knows.
    return false
  }
}

/**
 * Closes an upload to all writers and runs `work` on its directory; drops the upload afterwards, or
 * opens it again if `work` fails before there is an object of it. A writer that has `data` open may continue: see
 * complete.ts.
 *
 * @throws StoreError `multipart` if the upload is gone
 */
export const withSealed = async <T>(
  tree: Tree,
  upload: MultipartUpload,
  work: (directory: string) => Promise<T>,
): Promise<T> => {
  const directory = uploadDirectory(tree, upload)
  const sealed = directory + SEALED
  try {
    await rename(directory, sealed)
  } catch (error) {
    throw isAbsent(error) ? gone(upload, error) : error
  }
  let result: T
  try {
    result = await work(sealed)
  } catch (error) {
    // The object is not dropped: others may have seen it, and count on it. Who asks again finds it.
    const end = (await isPrivate(sealed)) ? rename(sealed, directory) : discard(tree, sealed)
    await end.catch(() => undefined)
    throw error
  }
  await discard(tree, sealed)
  return result
}
