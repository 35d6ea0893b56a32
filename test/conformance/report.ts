/**
 * Reads the JUnit report of the official conformance program.
 *
 * @module
 */

import { readFileSync } from 'node:fs'

export interface Report {
  /** The number of steps at all levels, as the program counts them. */
  readonly tests: number
  readonly failures: number
  readonly errors: number
  /** Steps that were skipped because the registry's response said that it does not support them. */
  readonly skipped: number
  /** Steps that are disabled for the requested version of the specification. */
  readonly disabled: number
  /** Names of the steps that did not pass, including disabled ones. */
  readonly notPassed: readonly string[]
}

/** Reads a report. @throws Error if it contains no result */
export const readReport = (path: string): Report => {
  const text = readFileSync(path, 'utf8')
  // Requests and responses in the report have `<` escaped, so every `<` belongs to a tag.
  const suite = /<testsuite ([^>]*)>/.exec(text)?.[1]
  if (suite === undefined) throw new Error(`${path} has no test suite`)
  // A count of zero may be omitted.
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
