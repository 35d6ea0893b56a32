/**
 * The official conformance suite of the OCI distribution specification, version 1.1, as the Go
 * module proxy has it (.ci/conformance). Its reports are kept in `.ci/artifacts/conformance`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot, run, toolCache } from '../support/live/process.ts'

/** What the suite itself leaves out: its setup without pushes, and registries without discovery. */
const LEFT_OUT: readonly string[] = [
  'Pull Setup Get tag name from environment',
  'Content Discovery Setup Populate registry with test tags (no push)',
  'Cross-mounting of nonexistent blob should yield session id',
]
/** Left out according to whether a blob is found for a mount that names no source. */
const WITHOUT_SOURCE = 'Cross-mounting without from, and automatic content discovery'

/** How many the suite has; fewer would mean that whole workflows were left out. */
const TESTS = 80

interface Case {
  readonly name: string
  readonly status: string
}

const casesOf = (report: string): Case[] =>
  [...report.matchAll(/<testcase name="([^"]*)"[^>]* status="([^"]*)"/g)].map(
    ([, name = '', status = '']) => ({ name, status }),
  )

/** Who the suite logs in as. */
export interface Login {
  readonly name: string
  readonly password: string
}

/**
 * Runs the suite on a registry; fails unless every test passed that the suite itself does not leave out.
 *
 * @param name of the directory with the reports
 * @param address `host:port` of the registry, plain HTTP
 * @param login default: nobody
 */
export const assertConforms = async (
  name: string,
  address: string,
  login?: Login,
): Promise<void> => {
  const results = join(projectRoot, '.ci/artifacts/conformance', `published-${name}`)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  // Its exit code says less than its report, which must exist either way.
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
      // A token says what may be pulled, and no token for two repositories says: everything.
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
