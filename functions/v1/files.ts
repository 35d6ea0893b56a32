/**
 * The files of a layer, and what became of them in it, as docker-registry 0.9.1 lists them. They are found out each time:
 * few ask.
 *
 * @module
 */

import { posix } from 'node:path'
import type { ByteSource } from '../storage/bytes.ts'
import { invalid } from './errors.ts'
import type { Layer } from './image.ts'
import { unpacker } from './layer.ts'
import { readTar, type TarEntry } from './tar.ts'

/** What is said of a file. */
type About = readonly [
  type: string,
  isDeleted: boolean,
  size: number,
  mtime: number,
  mode: number,
  uid: number,
  gid: number,
]

/** A file, by its path. */
export type FileInfo = readonly [path: string, ...about: About]

/** Most files of a layer whose fate is told: they are in memory. */
export const MOST_COMPARED = 32 * 1024

/** Letters for types; `u` for others. */
const TYPES: Readonly<Record<string, string>> = {
  '\0': 'f',
  '0': 'f',
  '1': 'l',
  '2': 's',
  '3': 'c',
  '4': 'b',
  '5': 'd',
  '6': 'i',
  '7': 't',
  S: 'S',
}

const WHITEOUT = '.wh.'

/**
 * One that stands for a deleted file has its path. docker-registry saw those in the root only.
 *
 * @returns undefined for what a union file system keeps for itself
 */
const infoOf = (entry: TarEntry): FileInfo | undefined => {
  const text = Buffer.from(entry.name, 'latin1').toString()
  const plain = text === '.' ? '/' : text.replace(/^\.\//, '/').replace(/(.)\/+$/, '$1')
  const base = posix.basename(plain)
  if (base.startsWith(WHITEOUT.repeat(2))) return undefined
  const isDeleted = base.startsWith(WHITEOUT)
  const path = isDeleted ? plain.slice(0, -base.length) + base.slice(WHITEOUT.length) : plain
  const { typeflag, size, mtime, mode, uid, gid } = entry
  return [path, TYPES[typeflag] ?? 'u', isDeleted, size, mtime, mode, uid, gid]
}

/**
 * The files in a layer, some at a time, as they pass.
 *
 * @throws V1Error V1_INVALID for what is not an archive
 */
export async function* filesIn(
  bytes: ByteSource,
  isPacked: boolean,
): AsyncGenerator<readonly FileInfo[]> {
  let found: FileInfo[] = []
  const reader = readTar({
    entry(entry) {
      const info = infoOf(entry)
      if (info !== undefined) found.push(info)
    },
    content() {},
  })
  const packed = isPacked ? unpacker(reader.push) : undefined
  const taken = () => {
    const some = found
    found = []
    return some
  }
  try {
    for await (const chunk of bytes) {
      if (packed === undefined) reader.push(chunk)
      else await packed.push(chunk)
      if (found.length > 0) yield taken()
    }
    await packed?.end()
    reader.end()
    yield taken()
  } finally {
    packed?.drop()
  }
}

/** The same as JSON, some at a time. */
export async function* filesAsJson(files: AsyncIterable<readonly FileInfo[]>) {
  let between = '['
  for await (const some of files) {
    if (some.length === 0) continue
    yield Buffer.from(between + some.map((each) => JSON.stringify(each)).join(','))
    between = ','
  }
  yield Buffer.from(between === '[' ? '[]' : ']')
}

/** What became of the files of a layer, by their paths. */
export interface Fates {
  readonly deleted: Readonly<Record<string, About>>
  readonly changed: Readonly<Record<string, About>>
  readonly created: Readonly<Record<string, About>>
}

/**
 * Tells what became of the files of the first layer: those that the next one below has are changed by it, unless they are
 * deleted there.
 *
 * @param layers from the top down
 * @param read gives the files of a layer
 * @throws V1Error V1_INVALID for more than {@link MOST_COMPARED}
 */
export const fatesOf = async (
  [top, ...below]: readonly Layer[],
  read: (layer: Layer) => AsyncIterable<readonly FileInfo[]>,
): Promise<Fates> => {
  const left = new Map<string, About>()
  const [deleted, changed, created] = [new Map(), new Map(), new Map()] as Map<string, About>[]
  if (top === undefined || !deleted || !changed || !created) throw new RangeError('no layer')
  for await (const some of read(top)) {
    for (const [path, ...about] of some) (about[1] ? deleted : left).set(path, about)
    if (left.size + deleted.size > MOST_COMPARED) {
      throw invalid(`the layer has more than ${MOST_COMPARED} files`)
    }
  }
  for (const layer of below) {
    if (left.size === 0) break
    for await (const some of read(layer)) {
      for (const [path, , isDeleted] of some) {
        const about = left.get(path)
        if (about === undefined) continue
        left.delete(path)
        ;(isDeleted ? created : changed).set(path, about)
      }
    }
  }
  for (const [path, about] of left) created.set(path, about)
  return {
    deleted: Object.fromEntries(deleted),
    changed: Object.fromEntries(changed),
    created: Object.fromEntries(created),
  }
}
