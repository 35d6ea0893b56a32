/**
 * What an archive calls its files: of a name that comes twice, the last counts, as with tar.
 *
 * @module
 */

import { posix } from 'node:path'
import { TransferError } from '../errors.ts'

/** Most files and links of an archive: images have some hundred. */
const MOST_FILES = 100_000
/** Most characters of a name, which is kept as long as the archive is read; a path has fewer. */
const MOST_NAME = 4096
/** How many links a name may go through. */
const MOST_LINKS = 10

/** Files by their names. */
export interface Names<T> {
  /** How many files and links were added. */
  readonly count: number
  /** @throws TransferError where there are too many, or the name is too long */
  add(name: string, file: T): void
  /** @param to the name that it is another one for; @throws as `add` does */
  link(name: string, to: string): void
  /** The file of a name, which may be a link. */
  find(name: string): T | undefined
}

/** Begins with no file. */
export const noNames = <T>(): Names<T> => {
  const files = new Map<string, T>()
  const links = new Map<string, string>()
  let count = 0

  const checkName = (name: string): void => {
    if (name.length <= MOST_NAME) return
    throw new TransferError(`it has a name of ${name.length} characters`)
  }

  const check = (name: string): void => {
    count += 1
    if (count > MOST_FILES) throw new TransferError('it has too many files')
    checkName(name)
  }

  return {
    get count() {
      return count
    },
    add(name, file) {
      check(name)
      links.delete(name)
      files.set(name, file)
    },
    link(name, to) {
      check(name)
      checkName(to)
      files.delete(name)
      links.set(name, to)
    },
    find(name) {
      let at = posix.normalize(name)
      for (let each = 0; each < MOST_LINKS && links.has(at); each++) at = links.get(at)!
      return files.get(at)
    },
  }
}
