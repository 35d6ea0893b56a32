/**
 * A store on a registry that is computed, in the process that asks.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectInfo, ObjectStore, WriteCondition } from '../../functions/storage/store.ts'
import type { Held } from './generated.ts'
import type { World } from './world.ts'

const infoOf = ({ size, etag, modified }: Held): ObjectInfo => ({
  size,
  etag,
  modified,
  metadata: {},
})

const refuse = async (): Promise<never> => {
  throw new Error('a clean-up does not ask for this')
}

// Two functions: what one of two closures refers to, the other would keep in memory, too.
const inMemory = (bytes: Buffer) => (): Buffer => bytes
const inFile =
  (path: string, size: number) =>
  (start = 0, end = size): Buffer => {
    const bytes = Buffer.allocUnsafe(end - start)
    const file = openSync(path, 'r')
    readSync(file, bytes, 0, end - start, start)
    closeSync(file)
    return bytes
  }

/** Bytes from which on what is written goes to a file, so as not to be in the memory that is measured. */
const SPILL = 16 * 1024

/**
 * Opens it.
 *
 * @param now what is written is dated by
 * @param directory for what is written and large; it stays there
 */
export const openDirect = (world: World, now: () => Date, directory = tmpdir()): ObjectStore => {
  let files = 0
  const keep = (bytes: Buffer): NonNullable<Held['bytes']> => {
    if (bytes.byteLength < SPILL) return inMemory(bytes)
    const path = join(directory, `object-${files++}`)
    writeFileSync(path, bytes)
    return inFile(path, bytes.byteLength)
  }
  const check = (key: string, condition: WriteCondition | undefined): void => {
    if (condition === undefined) return
    const etag = world.get(key)?.etag
    const holds = 'ifMatch' in condition ? etag === condition.ifMatch : etag === undefined
    if (!holds) throw new StoreError('precondition', `write ${key}`)
  }
  return {
    lastCalls: { unavailable: 0, failedAt: 0, resent: 0 },
    async get(key, range) {
      const held = world.get(key)
      if (held === undefined) return undefined
      const { start = 0, end = held.size - 1 } = range && 'start' in range ? range : {}
      const last = Math.min(end, held.size - 1)
      const bytes = held.bytes?.(start, last + 1) ?? Buffer.alloc(0)
      // What is computed, or in memory, is there as a whole.
      const body = bytes.byteLength === last + 1 - start ? bytes : bytes.subarray(start, last + 1)
      return { info: infoOf(held), start, end: last, body: [new Uint8Array(body)] }
    },
    async head(key) {
      const held = world.get(key)
      return held && infoOf(held)
    },
    async put(key, body, { condition } = {}) {
      check(key, condition)
      const etag = createHash('md5').update(body).digest('hex')
      const bytes = keep(Buffer.from(body))
      world.put(key, { size: body.byteLength, etag, modified: now(), bytes })
      return { etag }
    },
    async delete(keys) {
      for (const key of keys) world.delete(key)
    },
    async deleteIf(key, etag) {
      check(key, { ifMatch: etag })
      world.delete(key)
    },
    deleteOnce: async (key) => world.delete(key),
    deleteVersion: refuse,
    deletesExactly: async () => true,
    async list(prefix, { startAfter = '', limit = 1000 } = {}) {
      const { entries, truncated } = world.list(prefix, startAfter, limit)
      const objects = entries.map(([key, { size, etag, modified }]) => ({
        key,
        size,
        etag,
        modified,
      }))
      return { objects, prefixes: [], truncated }
    },
    listMultiparts: async () => [],
    copy: refuse,
    createMultipart: refuse,
    uploadPart: refuse,
    listParts: refuse,
    completeMultipart: refuse,
    abortMultipart: refuse,
  }
}
