/**
 * What the directory of a multipart upload says about its parts.
 *
 * The place of part n in `data` belongs to whoever creates the file `<n>`. That file stays empty
 * while its owner writes there, then holds the part's size and etag, or says that the place is
 * void. A part written beside `data` has a record `<n>.current`, which takes precedence.
 *
 * @module
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { MultipartUpload, Part } from '../store.ts'
import type { Tree } from './paths.ts'
import { isAbsent } from './system-errors.ts'
import { gone, openUpload } from './uploads.ts'

const RECORD = /^(\d+) ([0-9a-f]{32})\n$/
/** What `<n>` holds if nobody writes at the place any more and it holds no part. */
export const VOID = 'void\n'
export const CURRENT = '.current'

/** Where the bytes of a part are: at its place in `data`, or in a file beside it. */
export interface StoredPart extends Part {
  readonly beside: boolean
}

/** All that a directory says about the parts of an upload. */
export interface Inventory {
  /** The part stored last, by number. */
  readonly parts: ReadonlyMap<number, StoredPart>
  /** Numbers whose place in `data` is taken, by a part or by a writer. */
  readonly places: readonly number[]
  /** Whether a writer may be writing in `data`, or was killed while it did. */
  readonly busy: boolean
}

/** The file of a part that is not in `data`. */
export const besidePath = (directory: string, { number, etag }: Part): string =>
  `${directory}/${number}.${etag}`

/** Records that nobody writes at the place of a part and that it holds none. */
export const voidPlace = (directory: string, number: number): Promise<void> =>
  writeFile(`${directory}/${number}`, VOID)

/** A record of a part, as {@link takeInventory} reads it. */
export const recordOf = ({ size, etag }: Part): string => `${size} ${etag}\n`

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
