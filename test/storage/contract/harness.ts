/**
 * Shared by the groups of the contract suite.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
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
  /**
   * Declares a test; if the store is known to deviate, that it fails. The test may then end with the
   * first thing that is wrong, whatever the smallest example of it would be.
   */
  readonly test: (name: string, run: (base: string, deviates: boolean) => Promise<void>) => void
}

/** Tests in which a store is known not to answer, and how long that is waited for. */
export interface Silence {
  readonly tests: readonly string[]
  readonly milliseconds: number
}

/** What is known of a store. Each name is removed from its set as its test is declared. */
export interface Known {
  /** Names of tests that must fail. */
  readonly deviations?: Set<string>
  /** Names of tests that must not come to an end. */
  readonly silent?: Set<string>
  /** Milliseconds after which a test counts as one that does not come to an end. */
  readonly silence?: number
  /** Milliseconds that any other test may take. */
  readonly limit?: number | undefined
}

/** Whether something comes to an end, well or not, in so many milliseconds. */
const ends = async (running: Promise<unknown>, milliseconds: number): Promise<boolean> => {
  const over = running.then(
    () => true,
    () => true,
  )
  return Promise.race([over, sleep(milliseconds, false, { ref: false })])
}

/** A subject some of whose tests must fail, so that a deviation that is gone shows as a failure. */
export const subjectOf = (
  store: () => ObjectStore,
  { deviations, silent, silence = 0, limit }: Known = {},
): Subject => ({
  store,
  test: (name, run) => {
    // Keys of each test have a prefix of their own, since a store may be used by many runs.
    const base = () => `${randomUUID().slice(0, 8)}/`
    const options = limit === undefined ? {} : { timeout: limit }
    if (deviations?.delete(name)) {
      it(`known deviation: ${name}`, options, () => assert.rejects(run(base(), true), name))
    } else if (silent?.delete(name)) {
      it(
        `known deviation: does not answer within ${silence / 1000} s: ${name}`,
        options,
        async () => {
          assert.equal(await ends(run(base(), true), silence), false)
        },
      )
    } else {
      it(name, options, () => run(base(), false))
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
