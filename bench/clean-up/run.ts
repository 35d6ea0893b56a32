/**
 * One run of the clean-up, or one invocation of it, and what it took.
 *
 * @module
 */

import { collect } from '../../functions/registry/clean-up/collect.ts'
import { timesOf } from '../../functions/registry/clean-up/terms.ts'
import type { Totals } from '../../functions/registry/clean-up/totals.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { measureUsage } from '../process-usage.ts'
import { createVirtualClock } from './virtual.ts'

/** What a run took. */
export interface Ran {
  readonly outcome: string
  readonly planned: Totals
  readonly done: Totals
  /** Operations of the store, by what S3 calls them. */
  readonly calls: Readonly<Record<string, number>>
  /** How many of them had to wait for others. */
  readonly steps: number
  /** Milliseconds in a Lambda function, as the virtual clock has it. */
  readonly milliseconds: number
  readonly cpuSeconds: number
  /** Bytes of resident memory at their highest. */
  readonly peakBytes: number
  /** Most bytes that were in use right after the garbage was collected: the heap, and buffers outside of it. */
  readonly heapBytes: number
}

/** Pauses between two looks at the heap. */
const LOOK = 2000

/**
 * Runs it.
 *
 * @param stopAfter milliseconds of the virtual clock after which it is stopped
 * @param tell is told now and then how far it is
 */
export const runCleanUp = async (
  unwatched: ObjectStore,
  stopAfter = Number.POSITIVE_INFINITY,
  tell: (line: string) => void = () => {},
): Promise<Ran> => {
  const used = measureUsage(process.pid)
  const clock = createVirtualClock()
  let [heapBytes, looks] = [0, 0]
  const look = (text: string): void => {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    heapBytes = Math.max(heapBytes, heapUsed + external)
    tell(
      `${text}, ${Math.round(clock.now() / 1000)} s, ${Math.round(used().peakBytes / 1e6)} MB, heap ${Math.round((heapUsed + external) / 1e6)} MB`,
    )
  }
  const collected = await collect(clock.watch(unwatched), {
    times: timesOf(48 * 60 * 60, 7),
    run: true,
    force: false,
    // On a service that is not AWS a run tries some hundred deletes first; here nothing else writes.
    closed: true,
    report: () => {},
    note: () => {},
    progress: (text) => {
      if (looks++ % LOOK === 0) look(text)
    },
    isOver: () => clock.now() > stopAfter,
    monotonic: clock.now,
  })
  look('Ended')
  if (!('done' in collected)) throw new Error(JSON.stringify(collected))
  const { outcome, planned, done } = collected
  const { cpuSeconds, peakBytes } = used()
  const { calls, steps } = clock
  const took = { calls: calls(), steps: steps(), milliseconds: clock.now() }
  return { outcome, planned, done, ...took, cpuSeconds, peakBytes, heapBytes }
}
