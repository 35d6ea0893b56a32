/**
 * Hashes saved and resumed at any point give the same as node:crypto for the whole.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { Algorithm } from '../../functions/registry/reference.ts'
import {
  algorithmsFor,
  fastHash,
  hashAll,
  type RunningHash,
  resumableHash,
  resumeHash,
} from '../../functions/registry/uploads/hash.ts'
import { EMPTY_PART_CHAIN, extendPartChain } from '../../functions/registry/uploads/part-chain.ts'
import type { HashState } from '../../functions/registry/uploads/state.ts'

const chunks = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
const algorithm = fc.constantFrom<Algorithm>('sha256', 'sha512')

const expected = (algorithms: readonly Algorithm[], parts: readonly Uint8Array[]) =>
  Object.fromEntries(
    algorithms.map((each) => {
      const hash = createHash(each)
      for (const part of parts) hash.update(part)
      return [each, hash.digest('hex')]
    }),
  )

/** Saves and resumes, as two requests do. */
const handOver = async (hash: RunningHash): Promise<RunningHash> => {
  const saved: HashState = JSON.parse(JSON.stringify(hash.save()))
  const resumed = await resumeHash(saved)
  assert.ok(resumed)
  return resumed
}

describe('hashes', () => {
  test('saved after any chunk, any number of times', () =>
    fc.assert(
      fc.asyncProperty(chunks, algorithm, fc.array(fc.boolean()), async (parts, named, cuts) => {
        const algorithms = algorithmsFor(named)
        let hash = await resumableHash(algorithms)
        for (const [at, part] of parts.entries()) {
          hash.update(part)
          if (cuts[at] ?? false) hash = await handOver(hash)
        }
        assert.deepEqual(hash.finish(), expected(algorithms, parts))
      }),
      { numRuns: 300 },
    ))

  test('the fast one, and the hash of a source', () =>
    fc.assert(
      fc.asyncProperty(chunks, algorithm, async (parts, named) => {
        const algorithms = algorithmsFor(named)
        const hash = fastHash(algorithms)
        for (const part of parts) hash.update(part)
        const result = expected(algorithms, parts)
        assert.deepEqual(hash.finish(), result)
        const source = (async function* () {
          yield* parts
        })()
        assert.deepEqual(await hashAll(source, algorithms), result)
      }),
      { numRuns: 100 },
    ))

  test('an invalid state is refused, not taken for another', () =>
    fc.assert(
      fc.asyncProperty(fc.string(), async (state) => {
        const hash = await resumeHash({ resumable: { sha256: state } })
        assert.equal(hash, undefined)
      }),
    ))

  test('a large blob in chunks of odd sizes', async () => {
    const whole = createHash('shake256', { outputLength: 5_000_001 }).update('large').digest()
    let hash = await resumableHash(['sha256', 'sha512'])
    for (let at = 0; at < whole.length; at += 777_777) {
      hash.update(whole.subarray(at, at + 777_777))
      hash = await handOver(hash)
    }
    assert.deepEqual(hash.finish(), expected(['sha256', 'sha512'], [whole]))
  })
})

describe('part chains', () => {
  const part = fc.record({
    number: fc.integer({ min: 1, max: 10_000 }),
    size: fc.nat(),
    etag: fc.stringMatching(/^[0-9a-f]{32}$/),
  })

  test('do not depend on how parts are divided among requests', () =>
    fc.assert(
      fc.property(fc.array(part), fc.nat(20), (parts, cut) => {
        const first = extendPartChain(EMPTY_PART_CHAIN, parts.slice(0, cut))
        assert.equal(
          extendPartChain(first, parts.slice(cut)),
          extendPartChain(EMPTY_PART_CHAIN, parts),
        )
      }),
    ))

  test('differ when any part differs', () =>
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), part, fc.nat(), (parts, other, at) => {
        const index = at % parts.length
        fc.pre(JSON.stringify(parts[index]) !== JSON.stringify(other))
        const changed = parts.with(index, other)
        assert.notEqual(
          extendPartChain(EMPTY_PART_CHAIN, changed),
          extendPartChain(EMPTY_PART_CHAIN, parts),
        )
        assert.notEqual(
          extendPartChain(EMPTY_PART_CHAIN, parts.slice(1)),
          extendPartChain(EMPTY_PART_CHAIN, parts),
        )
      }),
    ))
})
