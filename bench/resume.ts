/**
 * Going on with a run that was interrupted.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { UsageError } from './options.ts'
import type { Results } from './results.ts'

/** What must be the same, as it is called. */
const SAME = {
  plan: 'options',
  machine: 'machine',
  participants: 'commit or registries',
} as const satisfies Partial<Record<keyof Results, string>>

const DIRTY = /-dirty\b/

/**
 * The results to go on with.
 *
 * @param before of the run that was interrupted
 * @param now those of a run that begins
 * @throws UsageError saying what differs, which would mix figures that cannot be compared
 */
export const resumed = (before: Results, now: Results): Results => {
  for (const [key, what] of Object.entries(SAME) as [keyof typeof SAME, string][]) {
    if (isDeepStrictEqual(before[key], now[key])) continue
    const [then, today] = [before[key], now[key]].map((each) => JSON.stringify(each))
    throw new UsageError(
      `--resume: ${what} of the results there differ: ${then}, now ${today}. Run it again without --resume`,
    )
  }
  const dirty = now.participants.find(({ version }) => DIRTY.test(version))
  if (dirty !== undefined)
    throw new UsageError(
      `--resume: ${dirty.title} is ${dirty.version}, with changes that no commit has: they may be others now`,
    )
  return { ...before, command: now.command }
}
