/**
 * Which calls of S3 passed a proxy.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { sequentialSteps } from '../test/emulators/s3/counter.ts'
import { route } from '../test/emulators/s3/router.ts'
import { parseTarget } from '../test/emulators/s3/target.ts'
import type { Exchange, RecordingProxy } from '../test/support/live/proxy.ts'
import { USER_AGENT } from './client/wire.ts'

/** Calls by operation, as AWS writes them. */
export type Calls = Readonly<Record<string, number>>

/** Milliseconds without a call after which nothing goes on in the background any more. */
const QUIET = 300

/** Milliseconds between two looks. */
const LOOK = 20

const operationOf = ({ method, url, copySource }: Exchange): string => {
  const headers = copySource === undefined ? {} : { 'x-amz-copy-source': copySource }
  return route(method, parseTarget(url), headers) ?? `${method} of another kind`
}

/** Waits until no call has begun for a while, and all that began have ended. */
const untilQuiet = async ({ exchanges }: RecordingProxy): Promise<void> => {
  let seen = -1
  for (let since = performance.now(); performance.now() - since < QUIET; await sleep(LOOK)) {
    const busy = exchanges.slice(-100).some(({ end }) => end === Number.POSITIVE_INFINITY)
    if (exchanges.length === seen && !busy) continue
    seen = exchanges.length
    since = performance.now()
  }
}

/**
 * Counts the calls that some work costs, those in its wake included.
 *
 * @returns calls by operation, and the longest chain of them that had to wait for one another
 */
export const countCalls = async (
  proxy: RecordingProxy,
  work: () => Promise<unknown>,
): Promise<{ readonly calls: Calls; readonly steps: number }> => {
  await untilQuiet(proxy)
  const before = proxy.exchanges.length
  await work()
  await untilQuiet(proxy)
  // Redirects lead the client here, too.
  const counted = proxy.exchanges.slice(before).filter(({ userAgent }) => userAgent !== USER_AGENT)
  const calls: Record<string, number> = {}
  for (const name of counted.map(operationOf)) calls[name] = (calls[name] ?? 0) + 1
  return { calls, steps: sequentialSteps(counted) }
}

/** The number of calls of all operations. */
export const totalOf = (calls: Calls): number =>
  Object.values(calls).reduce((sum, count) => sum + count, 0)
