/**
 * Makes the checks and prints what they found.
 *
 * @module
 */

import { type Check, make, NO_RESPONSE, type Result } from './check.ts'
import { reach } from './reach.ts'
import { createSession, type Target } from './session.ts'

const MARK = { ok: 'ok     ', NOT: 'NOT    ', unknown: 'unknown' }

/** Width of the columns with names and with questions. */
interface Width {
  readonly id: number
  readonly asks: number
}

/** A result as lines of the table. @param before what the line above it says */
const lines = (result: Result, before: Result | undefined, width: Width): string[] => {
  const { check, verdict, seen, wrong, instead } = result
  const again = verdict === 'unknown' && before?.verdict === verdict && before.seen === seen
  const asked = `${check.id.padEnd(width.id)}  ${check.asks.padEnd(width.asks)}`
  return [
    `${MARK[verdict]}  ${asked}  ${again ? 'for the same reason' : seen}`,
    ...(wrong === undefined ? [] : [`         ${wrong}`, `         -> ${instead ?? check.advice}`]),
  ]
}

const count = (results: readonly Result[], verdict: Result['verdict']): number =>
  results.filter((result) => result.verdict === verdict).length

/**
 * Makes checks one after another.
 *
 * @param print writes a line
 * @returns one result a check, in their order
 * @throws CommandError once there is no way to the registry: the other checks would say nothing else
 */
export const runChecks = async (
  target: Target,
  checks: readonly Check[],
  print: (line: string) => void,
): Promise<Result[]> => {
  const width = {
    id: Math.max(...checks.map(({ id }) => id.length)),
    asks: Math.max(...checks.map(({ asks }) => asks.length)),
  }
  const session = createSession(target)
  const results: Result[] = []
  try {
    for (const check of checks) {
      const result = await make(check, session)
      for (const line of lines(result, results.at(-1), width)) print(line)
      results.push(result)
      if (result.wrong === NO_RESPONSE) await reach(target.origin)
    }
  } finally {
    session.client.close()
  }
  const [held, not, unknown] = [
    count(results, 'ok'),
    count(results, 'NOT'),
    count(results, 'unknown'),
  ]
  print('')
  print(`${held} passed, ${not} failed, ${unknown} unknown.`)
  return results
}
