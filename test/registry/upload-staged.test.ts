/**
 * Bytes that were staged while memory was short are verified again when they are written.
 *
 * @module
 */

import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Commit, commitSmall } from '../../functions/registry/uploads/complete.ts'
import type { UploadMemory } from '../../functions/registry/uploads/memory.ts'
import { createPartWriter } from '../../functions/registry/uploads/writer.ts'
import type { ObjectStore, PutOptions } from '../../functions/storage/store.ts'

const BYTES = Buffer.from('the whole blob')
const HEX = hash('sha256', BYTES)

/** A store in memory, which says how objects were written. */
const createStore = () => {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>()
  const written: (PutOptions | undefined)[] = []
  const store: Partial<ObjectStore> = {
    async put(key, body, options) {
      objects.set(key, new Uint8Array(body))
      written.push(options)
      return { etag: 'e' }
    },
    async get(key) {
      const body = objects.get(key)!
      const info = { size: body.byteLength, etag: 'e', modified: new Date(0), metadata: {} }
      return { info, start: 0, end: body.byteLength - 1, body: [body] }
    },
    delete: async () => {},
  }
  return { store: store as ObjectStore, written }
}

/** Memory that has room for everybody, and yet can ask for what the one upload has. */
const createMemory = () => {
  let ask: () => Promise<void> = async () => {}
  const take = async (size: number) => Buffer.alloc(size)
  const memory = {
    join(tenant: { giveUp(): Promise<void> }) {
      ask = () => tenant.giveUp()
      return { take, tryTake: Buffer.alloc, extend: take, release() {}, leave() {} }
    },
  }
  return { memory: memory as unknown as UploadMemory, ask: () => ask() }
}

test.each([
  ['never', true],
  ['before the commit', false],
  ['while it begins', false],
] as const)('staged %s', async (when, computedHere) => {
  const { store, written } = createStore()
  const { memory, ask } = createMemory()
  const writer = createPartWriter({
    ...{ store, memory, uuid: 'u', key: 'k', partSize: 1024, multipart: undefined },
    ...{ firstPart: 1, offset: 0, segments: [], expected: BYTES.byteLength },
  })
  await writer.write(BYTES)
  const givenUp = when === 'never' ? undefined : ask()
  if (when === 'before the commit') await givenUp
  const commit = {
    context: {
      store,
      presence: {
        look: () => undefined,
        bring: (...[, , , put]: readonly [unknown, unknown, unknown, () => Promise<unknown>]) =>
          put(),
      },
    },
    state: { uuid: 'u', offset: 0, segments: [] },
    digest: `sha256:${HEX}`,
    record: async () => {},
  }
  await commitSmall(commit as unknown as Commit, writer, BYTES.byteLength, { sha256: HEX })
  await writer.close(false)
  expect(written.at(-1)).toEqual({ sha256: HEX, computedHere })
})
