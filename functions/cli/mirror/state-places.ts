/**
 * Where it is kept what became of runs: in a file, or in the store.
 *
 * @module
 */

import { readFile, rename, writeFile } from 'node:fs/promises'
import { mirrorKey } from '../../registry/layout.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Of a state that is not damaged: thousands of rules. */
const MAX_SIZE = 16 * 1024 * 1024

/** A text that is written as a whole. */
export interface StatePlace {
  /** What it is called in messages. */
  readonly called: string
  /** Undefined: there is none yet. */
  read(): Promise<string | undefined>
  write(text: string): Promise<void>
}

/** A file. */
export const fileState = (path: string): StatePlace => ({
  called: path,
  read: () =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    }),
  async write(text) {
    const partial = `${path}.partial`
    await writeFile(partial, text)
    await rename(partial, path)
  },
})

/** An object of the store. */
export const storedState = (store: ObjectStore): StatePlace => {
  const key = mirrorKey('state')
  return {
    called: key,
    async read() {
      const object = await store.get(key)
      return object && (await readAll(object.body, MAX_SIZE)).toString()
    },
    write: async (text) => void (await store.put(key, Buffer.from(text))),
  }
}
