/**
 * Runs the official conformance suite of the OCI distribution specification, version 1.1, from the Go
 * module proxy (.ci/conformance). Its reports go to `.ci/artifacts/conformance`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot, run, toolCache } from '../support/live/process.ts'

/** Tests that the suite itself skips: set-up without pushes, and registries without discovery. */
const LEFT_OUT: readonly string[] = [
  'Pull Setup Get tag name from environment',
  'Content Discovery Setup Populate registry with test tags (no push)',
  'Cross-mounting of nonexistent blob should yield session id',
]
/** Skipped depending on whether a mount without a source finds the blob. */
const WITHOUT_SOURCE = 'Cross-mounting without from, and automatic content discovery'

/** The number of tests in the suite; fewer would mean that whole workflows were skipped. */
const TESTS = 80

interface Case {
  readonly name: string
  readonly status: string
}

const casesOf = (report: string): Case[] =>
  [...report.matchAll(/<testcase name="([^"]*)"[^>]* status="([^"]*)"/g)].map(
    ([, name = '', status = '']) => ({ name, status }),
  )

/** The account that the suite logs in with. */
export interface Login {
  readonly name: string
  readonly password: string
}

/**
 * Runs the suite on a registry; fails unless all tests pass, except those that the suite itself skips.
 *
 * @param name names the directory for the reports
 * @param address `host:port` of the registry, plain HTTP
 * @param login default: anonymous
 */
export const assertConforms = async (
  name: string,
  address: string,
  login?: Login,
): Promise<void> => {
  const results = join(projectRoot, '.ci/artifacts/conformance', `published-${name}`)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  // The exit code is ignored: the report says more, and must exist in any case.
  const output = await run(join(toolCache, 'bin/conformance'), [], {
    cwd: results,
    env: {
      OCI_ROOT_URL: `http://${address}`,
      OCI_NAMESPACE: 'official/one',
      OCI_CROSSMOUNT_NAMESPACE: 'official/two',
      OCI_TEST_PULL: '1',
      OCI_TEST_PUSH: '1',
      OCI_TEST_CONTENT_DISCOVERY: '1',
      OCI_TEST_CONTENT_MANAGEMENT: '1',
      // A token names what may be pulled; one for two repositories does not allow mounts from all.
      OCI_AUTOMATIC_CROSSMOUNT: login ? '0' : '1',
      ...(login && { OCI_USERNAME: login.name, OCI_PASSWORD: login.password }),
    },
  }).catch(String)
  writeFileSync(join(results, 'output.txt'), output)
  const cases = casesOf(readFileSync(join(results, 'junit.xml'), 'utf8'))
  assert.equal(cases.length, TESTS)
  const elsewhere = login ? 'enabled should return a 201' : 'disabled should return a 202'
  const leftOut = [...LEFT_OUT, `${WITHOUT_SOURCE} ${elsewhere}`]
  const unexpected = cases.filter(
    ({ name: title, status }) =>
      status !== 'passed' &&
      !(status === 'skipped' && leftOut.some((each) => title.endsWith(each))),
  )
  assert.deepEqual(unexpected, [])
}
