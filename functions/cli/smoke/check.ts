/**
 * What a check is, and what it says.
 *
 * @module
 */

import type { Session } from './session.ts'

/** What a check found. */
export interface Seen {
  /** What was there, in a few words. */
  readonly seen: string
  /** What clients need and is not there. */
  readonly wrong?: string | undefined
  /** What to set or do instead of the check's own advice, where what is wrong tells more. */
  readonly instead?: string | undefined
}

/** One line of the table. */
export interface Check {
  /** Its name, by which docs/aws.md refers to it. */
  readonly id: string
  /** What is asked of the registry. */
  readonly asks: string
  /** What to set or do if it does not hold. */
  readonly advice: string
  /**
   * @throws Unmet when something it needs is not there; whatever else it throws counts as wrong
   */
  run(session: Session): Promise<Seen>
}

/** `unknown`: it could not be found out. */
export type Verdict = 'ok' | 'NOT' | 'unknown'

/** A check that was made. */
export interface Result extends Seen {
  readonly check: Check
  readonly verdict: Verdict
}

/** A check could not be made, because something that others check does not hold. */
export class Unmet extends Error {
  override readonly name = 'Unmet'
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

/** Makes a check. */
export const make = async (check: Check, session: Session): Promise<Result> => {
  try {
    const seen = await check.run(session)
    return { check, ...seen, verdict: seen.wrong === undefined ? 'ok' : 'NOT' }
  } catch (error) {
    if (error instanceof Unmet) return { check, seen: error.message, verdict: 'unknown' }
    return { check, seen: explained(error), verdict: 'NOT', wrong: 'there was no answer' }
  }
}
