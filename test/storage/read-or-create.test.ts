/**
 * An object that many may create at once is created by one of them.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../functions/storage/errors.ts'
import { putUnlessChanged, readOrCreate } from '../../functions/storage/read-or-create.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept, type StoreCall } from '../support/rig/intercept.ts'
import { openFiles, STORES } from '../support/rig/stores.ts'

const KEY = 'slipway/v1/config/some'

const hexOf = async (result: ReturnType<typeof readOrCreate>) =>
  Buffer.from((await result).bytes).toString('hex')

/** Reads or creates 32 bytes of its own. */
const open = (store: ObjectStore) => readOrCreate(store, KEY, () => randomBytes(32), 64)

for (const [name, openStore] of STORES) {
  test(`creators at once all get the same, with its version: ${name}`, async (t) => {
    const { store, close } = await openStore()
    t.onTestFinished(close)
    const all = await Promise.all(Array.from({ length: 12 }, () => open(store)))
    const stored = await open(store)
    expect(new Set(all.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1)
    expect(all.map(({ etag }) => etag)).toEqual(Array(12).fill(stored.etag))
  })
}

describe('in this order', () => {
  const opened = async (t: { onTestFinished(close: () => Promise<void>): void }) => {
    const { store, close } = await openFiles()
    t.onTestFinished(close)
    const calls: string[] = []
    const race = { before: async (_: StoreCall) => {} }
    const watched = intercept(store, async (call, proceed) => {
      calls.push(call.operation)
      await race.before(call)
      return proceed()
    })
    return { store, watched, calls, race }
  }

  test('one read of what is there, a read and a write of what is not', async (t) => {
    const { watched, calls } = await opened(t)
    const created = await hexOf(open(watched))
    expect(calls).toEqual(['get', 'put'])
    expect(await hexOf(open(watched))).toBe(created)
    expect(calls).toEqual(['get', 'put', 'get'])
  })

  test('what another creates between the read and the write is read', async (t) => {
    const { store, watched, calls, race } = await opened(t)
    race.before = async ({ operation }) => {
      if (operation === 'put') await store.put(KEY, Buffer.from('another'))
    }
    expect(Buffer.from((await open(watched)).bytes).toString()).toBe('another')
    expect(calls).toEqual(['get', 'put', 'get'])
  })

  test('what is deleted again is created again, and given up in the end', async (t) => {
    const { store, watched, race } = await opened(t)
    let deletions = 0
    race.before = async ({ operation }) => {
      if (operation === 'put') await store.put(KEY, Buffer.from('another'))
      else if (deletions > 0) {
        deletions -= 1
        await store.delete([KEY])
      }
    }
    deletions = 2
    expect(Buffer.from((await open(watched)).bytes).toString()).toBe('another')
    deletions = 100
    await expect(open(watched)).rejects.toThrow(`${KEY} was deleted each time it was created`)
  })

  test('failures of the store are thrown, and nothing larger than the limit is read', async (t) => {
    const { store, watched, race } = await opened(t)
    race.before = async ({ operation }) => {
      if (operation === 'put') throw new StoreError('unavailable', 'the store is away')
    }
    await expect(open(watched)).rejects.toThrow('the store is away')
    await store.put(KEY, new Uint8Array(65))
    await expect(open(watched)).rejects.toThrow(RangeError)
  })
})

test('a write under a condition says whether it happened', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const put = (text: string, condition: Parameters<typeof putUnlessChanged>[3]) =>
    putUnlessChanged(store, KEY, Buffer.from(text), condition)
  const first = await put('a', { ifNoneMatch: '*' })
  expect(first).toBe((await store.head(KEY))?.etag)
  expect(await put('b', { ifNoneMatch: '*' })).toBe(undefined)
  const second = await put('b', { ifMatch: first! })
  expect(second).toBe((await store.head(KEY))?.etag)
  expect(await put('c', { ifMatch: first! })).toBe(undefined)
})
