/**
 * What is made of files, and made again when they change. Mistakes in a file keep what was made before.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { RequestLogger } from '../../api/env.ts'

/** What is made of some files. */
export interface Followed<T> {
  /** As of the last time that the files were right. */
  readonly current: T
  /** Reads the files again. @returns whether they have changed, and were right */
  refresh(): Promise<boolean>
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/**
 * Reads files and makes something of them. Their contents are compared, not their dates: a Kubernetes
 * secret is changed by the swap of a symbolic link, and other tools keep dates.
 *
 * @param what for the log, such as `the certificate and its key`
 * @param make throws if the files cannot be used
 * @throws whatever reading the files or `make` throws at first
 */
export const follow = async <T>(
  what: string,
  paths: readonly string[],
  make: (...texts: string[]) => T,
  logger: RequestLogger,
): Promise<Followed<T>> => {
  // One after the other, so that it is always the first missing file that is named.
  const read = async (): Promise<string[]> => {
    const texts: string[] = []
    for (const path of paths) texts.push(await readFile(path, 'utf8'))
    return texts
  }
  let seen = await read()
  let current = make(...seen)
  let complaint: string | undefined
  const complain = (error: unknown): void => {
    // Said once, not each time that they are looked at.
    if (complaint === messageOf(error)) return
    complaint = messageOf(error)
    logger.error(
      { files: paths, err: error },
      `${what} cannot be used: the one before stays in force`,
    )
  }
  return {
    get current() {
      return current
    },
    async refresh() {
      try {
        const texts = await read()
        if (texts.every((text, index) => text === seen[index])) return false
        current = make(...texts)
        seen = texts
      } catch (error) {
        complain(error)
        return false
      }
      complaint = undefined
      logger.info({ files: paths }, `${what} changed, and is in force`)
      return true
    },
  }
}
