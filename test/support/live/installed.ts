/**
 * Programs that suites need. In CI everything is installed, so nothing is skipped there; elsewhere, tests
 * that need what is missing are skipped, and named with the reason.
 *
 * @module
 */

import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { describe, test } from 'vitest'
import { cleanEnvironment } from './process.ts'

/** Whether the suites run in `.ci/run`, which sets this. */
const IN_CI = process.env.SLIPWAY_CI_RUN !== undefined

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return existsSync(path)
  } catch {
    return false
  }
}

/**
 * Programs that are not there, of those that tests need.
 *
 * @param programs names on the PATH of suites, or paths
 * @param inCi where it must fail, not skip
 */
export const missingOf = (programs: readonly string[], inCi = IN_CI): readonly string[] => {
  if (inCi) return []
  const directories = (cleanEnvironment().PATH ?? '').split(delimiter)
  return programs.filter((program) =>
    isAbsolute(program)
      ? !isProgram(program)
      : !directories.some((directory) => isProgram(join(directory, program))),
  )
}

/** A test in place of those that are skipped, whose name says why. */
const skipped = (name: string, why: string): void => {
  test.skip(`${name}: skipped, ${why}`, () => undefined)
}

/** `describe`, for tests that need programs. */
export const describeWith = (
  programs: readonly string[],
  name: string,
  tests: () => void,
): void => {
  const missing = missingOf(programs)
  if (missing.length === 0) describe(name, tests)
  else skipped(name, `not installed: ${missing.join(', ')}`)
}

/** `test`, for one that needs programs. */
export const testWith = (
  programs: readonly string[],
  name: string,
  run: () => Promise<void>,
): void => {
  const missing = missingOf(programs)
  if (missing.length === 0) test(name, run)
  else skipped(name, `not installed: ${missing.join(', ')}`)
}

/** `describe`, for tests that need a variable which no default can stand in for. */
export const describeGiven = (variable: string, name: string, tests: () => void): void => {
  if (process.env[variable]) describe(name, tests)
  else skipped(name, `${variable} is not set`)
}
