/**
 * Rules by their schedules.
 *
 * @module
 */

import type { Io } from '../io.ts'
import type { Rule } from './parse.ts'
import type { LastRun, State } from './state.ts'

/** Milliseconds until a rule is tried again of which something failed that may pass; twice as long each time. */
const SOON = 15_000
/** Milliseconds between two looks at whether it is time, or over. */
const LOOK = 1000

/** When a rule runs next, in milliseconds since 1970. @param now clock */
export const dueOf = (
  { every }: Pick<Rule, 'every'>,
  last: LastRun | undefined,
  now: number,
): number => {
  if (last === undefined) return now
  const { began, ended, away, after = 0, stopped } = last
  const soon = Math.min(every, SOON * 2 ** Math.min(away - 1, 20))
  // Whoever ended it has started it again.
  const due = away > 0 ? Math.max(ended + soon, after) : stopped ? now : began + every
  // The clock may have been put back.
  return Math.min(due, now + Math.max(every, after - now))
}

/** What rules run with. */
export interface Watch {
  readonly io: Pick<Io, 'now' | 'sleep'>
  readonly state: Pick<State, 'of'>
  readonly isStopped: () => boolean
  /** Runs a rule, and keeps what became of it. */
  readonly run: (rule: Rule) => Promise<unknown>
}

/** Runs rules by their schedules, each beside the others, until it is stopped and what is under way is done. */
export const watchRules = async (rules: readonly Rule[], watch: Watch): Promise<void> => {
  const { io, state, isStopped, run } = watch
  const follow = async (rule: Rule): Promise<void> => {
    while (!isStopped()) {
      const left = dueOf(rule, state.of(rule.name), io.now()) - io.now()
      // A long sleep would keep it from ending, and would not know that the machine slept, too.
      if (left > 0) await io.sleep(Math.min(LOOK, left))
      else await run(rule)
    }
  }
  await Promise.all(rules.map(follow))
}
