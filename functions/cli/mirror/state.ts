/**
 * What became of the last run of each rule: a small file or object, so that whoever starts again goes on.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import type { Report } from './run.ts'
import type { StatePlace } from './state-places.ts'

/** Most failures that are kept of a run. */
const MOST = 20

const time = z.int()
const count = z.int().check(z.nonnegative())

const runSchema = z.object({
  /** Milliseconds since 1970. */
  began: time,
  ended: time,
  copied: count,
  there: count,
  deleted: count,
  failed: count,
  failures: z.array(z.object({ what: z.string(), why: z.string() })),
  /** Whether somebody ended it before all was done. */
  stopped: z.boolean(),
  /** Runs in a row of which something failed that may pass. */
  away: count,
  /** When a server wants to be asked again. */
  after: z.optional(time),
  /** When the last run began that did all there was to do. */
  good: z.optional(time),
})

const stateSchema = z.object({
  version: z.literal(1),
  rules: z.record(z.string(), runSchema),
})

/** What became of the last run of a rule. */
export type LastRun = z.output<typeof runSchema>

/** What became of all rules. */
export interface State {
  of(rule: string): LastRun | undefined
  /** Keeps what became of a rule. @throws what the place throws */
  keep(rule: string, report: Report): Promise<void>
}

const lastOf = (before: LastRun | undefined, report: Report): LastRun => {
  const { failures, away, after, givenUp, ...rest } = report
  const whole = failures.length === 0 && !report.stopped && !givenUp
  const good = whole ? report.began : before?.good
  return {
    ...rest,
    failed: failures.length,
    failures: failures.slice(0, MOST),
    away: away ? (before?.away ?? 0) + 1 : 0,
    ...(after === undefined ? {} : { after: report.ended + after }),
    ...(good === undefined ? {} : { good }),
  }
}

const readRuns = async (
  place: StatePlace,
  damaged: () => void,
): Promise<Record<string, LastRun>> => {
  const text = await place.read()
  if (text === undefined) return {}
  try {
    return stateSchema.parse(JSON.parse(text)).rules
  } catch {
    damaged()
    return {}
  }
}

/**
 * Opens what is kept.
 *
 * @param place undefined: nothing is kept
 * @param damaged is told of a state that cannot be read, and then counts as none
 */
export const openState = async (
  place: StatePlace | undefined,
  damaged: () => void,
): Promise<State> => {
  const rules = place === undefined ? {} : await readRuns(place, damaged)
  // Rules that run side by side write one after another.
  let written: Promise<unknown> = Promise.resolve()
  const text = () => `${JSON.stringify({ version: 1, rules }, undefined, 2)}\n`
  return {
    of: (rule) => (Object.hasOwn(rules, rule) ? rules[rule] : undefined),
    async keep(rule, report) {
      rules[rule] = lastOf(rules[rule], report)
      if (place === undefined) return
      const writing = written.catch(() => {}).then(() => place.write(text()))
      written = writing
      await writing
    },
  }
}
