/**
 * Every pair of operations at once, with every death of one of them.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { type Checked, check, type Scenario } from './check.ts'
import type { Model, Service } from './model.ts'
import { OPERATIONS, type Operation } from './world.ts'

/** Services that the registry is explored on, by name. */
export const SERVICES: Readonly<Record<string, Service>> = {
  'as S3': { etags: 'content', conditionalDeletes: true },
  'with versions, or files': { etags: 'write', conditionalDeletes: true },
  'without conditional deletes': { etags: 'content', conditionalDeletes: false },
}

/** How a pair is explored. */
export interface PairOptions {
  readonly service: Service
  readonly before: Model
  readonly deaths: boolean
  readonly together: boolean
  /** Most runs of each pair and death. */
  readonly limit: number
}

/** What was found of some operations at once. */
export interface Found extends Pick<Checked, 'runs' | 'cut' | 'faults' | 'inMoments'> {
  readonly operations: readonly Operation[]
}

/** Each pair, and each operation beside itself. */
export const PAIRS: readonly (readonly [Operation, Operation])[] = OPERATIONS.flatMap((one, at) =>
  OPERATIONS.slice(at).map((two) => [one, two] as const),
)

/** Explores operations at once, and each death of one of them. */
export const exploreAll = async (
  operations: readonly Operation[],
  { service, before, deaths, together, limit }: PairOptions,
): Promise<Found> => {
  const scenario: Scenario = { service, before, operations, together }
  const first = await check(scenario, limit)
  const all = [first]
  for (const [instance, writes] of deaths ? first.writes.entries() : []) {
    for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
      all.push(await check({ ...scenario, death: { instance, afterWrites } }, limit))
    }
  }
  return {
    operations,
    runs: all.reduce((sum, { runs }) => sum + runs, 0),
    cut: all.some(({ cut }) => cut),
    inMoments: all.some(({ inMoments }) => inMoments),
    faults: all.flatMap(({ faults }) => faults),
  }
}

/** The titles of what is explored, as one. */
export const titleOf = (operations: readonly Operation[]): string =>
  operations.map(({ title }) => title).join(' | ')

/**
 * What may happen on a service without conditional deletes, where a version is looked at and then
 * deleted. It cannot be helped there, and is allowed there alone: docs/s3-servers.md names it, and the
 * start of a server.
 */
export const WINDOWS: Readonly<Record<string, RegExp>> = {
  'a tag that moves between the two is deleted': /no order ends with .*"app tags":"(?!latest)/,
  'two deletes of the same are both told that they did it': /no order ends with .*"202","202"/,
}

/** Says on the terminal how many orders were tried of what, and which were cut. */
export const print = (title: string, found: readonly Found[]): void => {
  const lines = found.map(
    ({ operations, runs, cut }) => `  ${runs}${cut ? ', cut' : ''}: ${titleOf(operations)}`,
  )
  const total = found.reduce((sum, { runs }) => sum + runs, 0)
  const cut = found.filter((each) => each.cut).length
  // Not by the console, which shows only what failing tests print.
  writeSync(2, `${title}: ${total} orders, ${cut} of ${found.length} cut\n${lines.join('\n')}\n`)
}
