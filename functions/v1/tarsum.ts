/**
 * The checksum of a layer's files that docker has sent since 0.6: it does not depend on how the archive is packed, or on
 * the order of its files (docker's pkg/tarsum/tarsum_spec.md, version 0).
 *
 * @module
 */

import { createHash, type Hash } from 'node:crypto'
import { posix } from 'node:path'
import { readTar, type TarEntry } from './tar.ts'

/** Most files whose hashes are kept in memory, some 100 bytes each. Of larger layers there is no tarsum. */
const MOST_FILES = 128 * 1024

export const TARSUM = 'tarsum+sha256:'

/** A tarsum under way. */
export interface RunningTarsum {
  /** Takes bytes of the unpacked archive. @throws V1Error V1_INVALID */
  push(chunk: Uint8Array): void
  /**
   * @param json of the image, as it was sent
   * @returns undefined where it cannot be told: readers do not agree on a header, or there are too many files
   * @throws V1Error V1_INVALID
   */
  finish(json: Uint8Array): string | undefined
}

const FIELDS = [
  ...['name', 'mode', 'uid', 'gid', 'size', 'mtime', 'typeflag', 'linkname', 'uname', 'gname'],
  ...['devmajor', 'devminor'],
] as readonly (keyof TarEntry)[]

/** A few characters that stand for a path. Two that share them are taken for one: then there is no tarsum. */
const shortOf = (name: string): string =>
  createHash('sha256')
    .update(posix.normalize(name).replace(/(.)\/$/, '$1'), 'latin1')
    .digest('binary')
    .slice(0, 8)

/** Begins one. */
export const tarsum = (): RunningTarsum => {
  let file: Hash | undefined
  /** Hashes of files, a character for each byte: half of what hex takes. */
  let sums: string[] | undefined = []
  const paths = new Set<string>()

  const close = (): void => {
    if (sums !== undefined && file !== undefined) sums.push(file.digest('binary'))
    file = undefined
    if (sums !== undefined && sums.length > MOST_FILES) sums = undefined
  }

  const reader = readTar({
    entry(entry) {
      close()
      if (sums === undefined) return
      const path = shortOf(entry.name)
      // Of a path that is there twice, the order counts, but differently in docker and in docker-registry.
      if (entry.disputed || paths.has(path)) {
        sums = undefined
        return
      }
      paths.add(path)
      const text = FIELDS.map((field) => `${field}${entry[field]}`).join('')
      file = createHash('sha256').update(text, 'latin1')
    },
    content: (bytes) => void file?.update(bytes),
  })

  return {
    push: reader.push,
    finish(json) {
      reader.end()
      close()
      if (sums === undefined) return undefined
      const all = createHash('sha256').update(json)
      // By code units, which are the bytes.
      for (const sum of sums.sort()) all.update(Buffer.from(sum, 'latin1').toString('hex'))
      return TARSUM + all.digest('hex')
    },
  }
}
