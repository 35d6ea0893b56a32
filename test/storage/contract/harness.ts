/**
 * Shared by the groups of the contract suite.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { it } from 'vitest'
import { isStoreError, type StoreFailure } from '../../../functions/storage/errors.ts'
import {
  MIN_PART_SIZE,
  type ObjectRead,
  type ObjectStore,
  type Part,
} from '../../../functions/storage/store.ts'

/** The store under test, as passed to each group. */
export interface Subject {
  /** The store; opened before the first test. */
  readonly store: () => ObjectStore
  /** Declares a test; if the store is known to deviate, that it fails. */
  readonly test: (name: string, run: (base: string) => Promise<void>) => void
}

/**
 * A subject some of whose tests must fail, so that a deviation that is gone shows as a failure.
 *
 * @param deviations names of tests, each removed from the set as its test is declared
 */
export const subjectOf = (store: () => ObjectStore, deviations: Set<string>): Subject => ({
  store,
  test: (name, run) => {
    // Keys of each test have a prefix of their own, since a store may be used by many runs.
    const base = () => `${randomUUID().slice(0, 8)}/`
    if (deviations.delete(name)) {
      it(`known deviation: ${name}`, () => assert.rejects(run(base()), name))
    } else {
      it(name, () => run(base()))
    }
  },
})

/** A text as bytes. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that differ from part to part: all are `fill`, and the first four are its number. */
export const block = (fill: number, size = MIN_PART_SIZE): Uint8Array => {
  const made = new Uint8Array(size).fill(fill)
  if (size >= 4) new DataView(made.buffer).setUint32(0, fill)
  return made
}

/** All bytes of a read; fails if there is no object. */
export const drain = async (read: ObjectRead | undefined): Promise<Buffer> => {
  assert.ok(read, 'the object is there')
  const chunks: Uint8Array[] = []
  for await (const chunk of read.body) chunks.push(chunk)
  const all = Buffer.concat(chunks)
  assert.equal(all.length, read.end - read.start + 1)
  return all
}

/** The text of an object; fails if there is none. */
export const textAt = async (store: ObjectStore, key: string): Promise<string> =>
  (await drain(await store.get(key))).toString()

/** Asserts that a call fails in the given way. */
export const fails = (failure: StoreFailure, call: Promise<unknown>): Promise<void> =>
  assert.rejects(call, (error) => {
    assert.ok(isStoreError(error, failure), `${failure} expected, not ${String(error)}`)
    return true
  })

/** Makes an object of these parts; all but the last have {@link MIN_PART_SIZE}. */
export const putParts = async (
  store: ObjectStore,
  key: string,
  bodies: readonly Uint8Array[],
): Promise<void> => {
  const upload = await store.createMultipart(key, MIN_PART_SIZE)
  const parts: Part[] = []
  for (const [index, body] of bodies.entries()) {
    parts.push(await store.uploadPart(upload, index + 1, body))
  }
  await store.completeMultipart(upload, parts)
}
