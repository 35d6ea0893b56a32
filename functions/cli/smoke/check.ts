/**
 * What a check is, and what it reports.
 *
 * @module
 */

import type { Session } from './session.ts'
import { Unmet } from './unmet.ts'

/** What a check found. */
export interface Seen {
  /** What was there, in a few words. */
  readonly seen: string
  /** What clients need and the registry does not do. */
  readonly wrong?: string | undefined
  /** Better advice than the check's own, where the cause is known. */
  readonly instead?: string | undefined
}

/** One line of the table. */
export interface Check {
  /** Its name, by which docs/aws.md refers to it. */
  readonly id: string
  /** The request that is made. */
  readonly asks: string
  /** What to do if it fails. */
  readonly advice: string
  /**
   * @throws Unmet when a precondition is not met; any other error counts as a failure
   */
  run(session: Session): Promise<Seen>
}

/** `unknown`: the check could not be made. */
export type Verdict = 'ok' | 'NOT' | 'unknown'

/** A check that was made. */
export interface Result extends Seen {
  readonly check: Check
  readonly verdict: Verdict
}

/** The first of several conditions that does not hold, as `wrong`. */
export const firstWrong = (
  ...conditions: readonly (readonly [holds: boolean, wrong: string])[]
): string | undefined => conditions.find(([holds]) => !holds)?.[1]

const explained = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code === undefined || error.message.includes(code)
    ? error.message
    : `${error.message} (${code})`
}

/** What is wrong where a check got no response at all. */
export const NO_RESPONSE = 'there was no response'

/** Makes a check. */
export const make = async (check: Check, session: Session): Promise<Result> => {
  try {
    const seen = await check.run(session)
    return { check, ...seen, verdict: seen.wrong === undefined ? 'ok' : 'NOT' }
  } catch (error) {
    if (error instanceof Unmet) return { check, seen: error.message, verdict: 'unknown' }
    return { check, seen: explained(error), verdict: 'NOT', wrong: NO_RESPONSE }
  }
}
