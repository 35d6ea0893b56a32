/**
 * Requests at once leave what they leave one after the other: every order of the store operations of every pair,
 * with every death, on other services and on one instance, and of three at once.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import {
  exploreAll,
  type Found,
  PAIRS,
  type PairOptions,
  print,
  SERVICES,
  titleOf,
  WINDOWS,
} from './pairs.ts'
import { fill, MEMORY, OPERATIONS, type Operation, operation } from './world.ts'

const HOUR = 3_600_000
/** Of so many triples one is explored; `.ci/long collector` explores all. */
const STRIDE = process.env.SLIPWAY_COLLECTOR === 'all' ? 1 : 24

/** Explores each, and prints how many orders there were. */
const exploreEach = async (
  title: string,
  all: readonly (readonly Operation[])[],
  options: PairOptions,
): Promise<Found[]> => {
  const found: Found[] = []
  for (const operations of all) found.push(await exploreAll(operations, options))
  print(title, found)
  return found
}

const faultsOf = (found: readonly Found[], excused: readonly RegExp[] = []): string[] =>
  found.flatMap(({ operations, faults }) =>
    faults
      .filter(({ why }) => !excused.some((each) => each.test(why)))
      .map(({ why, trace }) => [titleOf(operations), why, ...trace].join('\n')),
  )

/** Those of which an ending is no order of whole requests, but of a push by digest and of its tag. */
const inMomentsOf = (found: readonly Found[]): string[] =>
  found.filter(({ inMoments }) => inMoments).map(({ operations }) => titleOf(operations))

const cutOf = (found: readonly Found[]): string[] =>
  found.filter(({ cut }) => cut).map(({ operations }) => titleOf(operations))

describe('on two instances', () => {
  const service = SERVICES['as S3']!
  const filled = fill(service)
  for (const pair of PAIRS) {
    test(titleOf(pair), async () => {
      const before = await filled
      const options = { service, before, deaths: false, together: false, limit: 1_000 }
      const { cut, faults, inMoments } = await exploreAll(pair, options)
      expect({ cut, faults, inMoments }).toEqual({ cut: false, faults: [], inMoments: false })
    })
  }
})

describe('every pair, with every death of one of them', () => {
  for (const [name, service] of Object.entries(SERVICES)) {
    test(
      name,
      async () => {
        const before = await fill(service)
        const options = { service, before, deaths: true, together: false, limit: 1_000 }
        const found = await exploreEach(`pairs and deaths, ${name}`, PAIRS, options)
        const excused = service.conditionalDeletes ? [] : Object.values(WINDOWS)
        expect(faultsOf(found, excused)).toEqual([])
        expect(inMomentsOf(found)).toEqual([])
        expect(cutOf(found)).toEqual([])
        if (service.conditionalDeletes) return
        for (const window of excused) {
          expect(
            faultsOf(found).some((fault) => window.test(fault)),
            `${window}`,
          ).toBe(true)
        }
      },
      HOUR,
    )
  }
})

test(
  'every pair on one instance, with its memory: the first 40 orders of each',
  async () => {
    const service = SERVICES['as S3']!
    const before = await fill(service)
    const options = { service, before, deaths: false, together: true, limit: 40 }
    const found = await exploreEach('pairs on one instance', PAIRS, options)
    expect(faultsOf(found)).toEqual([])
    expect(inMomentsOf(found)).toEqual([])
  },
  HOUR,
)

test(
  'three at once',
  async () => {
    const service = SERVICES['as S3']!
    const before = await fill(service)
    const triples = OPERATIONS.flatMap((one, first) =>
      OPERATIONS.slice(first).flatMap((two, second) =>
        OPERATIONS.slice(first + second).map((three) => [one, two, three]),
      ),
    )
    const chosen = triples.filter((_, at) => at % STRIDE === 0)
    const options = { service, before, deaths: false, together: false, limit: 20_000 }
    const found = await exploreEach('three at once', chosen, options)
    expect(faultsOf(found)).toEqual([])
    // The second delete finds the link that the push or the undelete has just written, as if it had been one by
    // digest.
    const late = [
      'push a tag | delete by digest | delete by digest',
      'push a tag if there is none | delete by digest | delete by digest',
      'delete by digest | delete by digest | undelete a tag',
      'delete by digest | delete by digest | undelete by digest',
    ]
    expect(late).toEqual(expect.arrayContaining(inMomentsOf(found)))
    if (STRIDE === 1) expect(inMomentsOf(found)).toEqual(late)
    expect(cutOf(found)).toEqual([])
  },
  HOUR,
)

test(
  'a push that relies on what it saw, a delete from another instance, and time that passes',
  async () => {
    const service = SERVICES['as S3']!
    const before = await fill(service)
    const operations = [...MEMORY, operation('delete a blob')]
    const found = await check({ service, before, operations }, 5_000)
    print('memory and time', [{ operations, ...found }])
    expect(found.faults).toEqual([])
  },
  HOUR,
)
