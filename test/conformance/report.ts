/**
 * Reads the JUnit report of the official conformance program.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

export interface Report {
  /** Steps at all levels, as the program counts them. */
  readonly tests: number
  readonly failures: number
  readonly errors: number
  /** Left out because the registry answered that it does not support something. */
  readonly skipped: number
  /** Switched off by the version of the specification that was asked for. */
  readonly disabled: number
  /** Names of the steps that were not passed; those switched off are among them. */
  readonly notPassed: readonly string[]
}

/** Reads a report; throws when it holds no result. */
export const readReport = (path: string): Report => {
  const text = readFileSync(path, 'utf8')
  // Requests and responses stand in the report with `<` escaped, so tags are tags.
  const suite = /<testsuite ([^>]*)>/.exec(text)?.[1]
  if (suite === undefined) throw new Error(`${path} has no test suite`)
  // A count of zero may be left out.
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const notPassed = [...text.matchAll(/<testcase name="([^"]*)"[^>]* status="([^"]*)"/g)]
    .filter(([, , status]) => status !== 'passed')
    .map(([, name, status]) => `${status}: ${name}`)
  return {
    tests: count('tests'),
    failures: count('failures'),
    errors: count('errors'),
    skipped: count('skipped'),
    disabled: count('disabled'),
    notPassed,
  }
}
