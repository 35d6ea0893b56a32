/**
 * The contract suite: what the port promises of any store, sentence by sentence.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { conditionTests } from './contract/conditions.ts'
import { deleteTests } from './contract/deletes.ts'
import { type Silence, subjectOf } from './contract/harness.ts'
import { listingTests } from './contract/listing.ts'
import { memoryTests } from './contract/memory.ts'
import { multipartTests } from './contract/multiparts.ts'
import { objectTests } from './contract/objects.ts'
import { presignTests } from './contract/presigned.ts'

/** A store for the suite, and how to close it. */
export interface OpenStore {
  readonly store: ObjectStore
  close(): Promise<void>
}

export interface ContractOptions {
  /** Whether the store presigns; if not, it must lack the method. */
  readonly presigns: boolean
  /** Whether a delete of a version is known not to be one step, though the service seems to do it. */
  readonly inexactDeletes?: boolean
  /**
   * Whether a write on the condition that there is no object is known not to be one step, so that several at the same
   * moment may win.
   */
  readonly inexactCreates?: boolean
  /** Writes beside a delete of the version before; default 50. */
  readonly races?: number
  /** Whether only its use of memory is tried, or all but that; default: all. */
  readonly memory?: 'only' | 'not'
  /**
   * Names of tests that this store is known to fail. They must fail: the list says what is true of
   * the store, not what is skipped.
   */
  readonly deviations?: readonly string[]
  /** Those in which it is known to leave a request without an answer; they must do so. */
  readonly silent?: Silence
  /** Milliseconds that a test may take; default: what vitest.config.ts has. */
  readonly limit?: number
}

/**
 * Declares the suite.
 *
 * @param name of the store
 * @param open called once, before the first test; keys already in the store do not matter
 */
export const storeContract = (
  name: string,
  open: () => Promise<OpenStore>,
  {
    presigns,
    inexactDeletes = false,
    inexactCreates = false,
    races = 50,
    memory,
    ...known
  }: ContractOptions,
): void => {
  describe(`contract of the ${name} store`, () => {
    let opened: OpenStore | undefined
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    const left = new Set(known.deviations)
    const silent = new Set(known.silent?.tests)
    const silence = known.silent?.milliseconds ?? 0
    const { limit } = known
    const subject = subjectOf(() => opened!.store, { deviations: left, silent, silence, limit })
    if (memory !== 'not') describe('large objects', () => memoryTests(subject))
    if (memory === 'only') return
    describe('objects', () => objectTests(subject))
    describe('conditions', () => conditionTests(subject, !inexactCreates))
    describe('deletes of a version', () => deleteTests(subject, !inexactDeletes, races))
    describe('listings', () => listingTests(subject))
    describe('multipart uploads', () => multipartTests(subject))
    if (presigns) describe('presigned URLs', () => presignTests(subject))
    else it('cannot presign', () => assert.equal(opened?.store.presign, undefined))
    it('knows every deviation by name', () => assert.deepEqual([...left, ...silent], []))
  })
}
