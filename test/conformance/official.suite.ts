/**
 * The official conformance suite of the OCI distribution specification, version 1.1, as the Go
 * module proxy has it (.ci/conformance), on every set-up. Its reports are kept in
 * `.ci/artifacts/conformance`. A newer one can be given by path: see official.ts.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot, run, toolCache } from '../support/live/process.ts'
import { setupNames, startSetup } from '../support/live/setups.ts'

/** What the suite itself leaves out: its setup without pushes, and registries without discovery. */
const LEFT_OUT: readonly string[] = [
  'Pull Setup Get tag name from environment',
  'Content Discovery Setup Populate registry with test tags (no push)',
  'Cross-mounting of nonexistent blob should yield session id',
  'Cross-mounting without from, and automatic content discovery disabled should return a 202',
]

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

for (const name of setupNames) {
  test(`the official suite on ${name}`, async () => {
    const results = join(projectRoot, '.ci/artifacts/conformance', `published-${name}`)
    rmSync(results, { recursive: true, force: true })
    mkdirSync(results, { recursive: true })
    const setup = await startSetup(name)
    // Its exit code says less than its report, which must exist either way.
    const output = await run(join(toolCache, 'bin/conformance'), [], {
      cwd: results,
      env: {
        OCI_ROOT_URL: `http://${setup.registry.address}`,
        OCI_NAMESPACE: 'official/one',
        OCI_CROSSMOUNT_NAMESPACE: 'official/two',
        OCI_TEST_PULL: '1',
        OCI_TEST_PUSH: '1',
        OCI_TEST_CONTENT_DISCOVERY: '1',
        OCI_TEST_CONTENT_MANAGEMENT: '1',
        OCI_AUTOMATIC_CROSSMOUNT: '1',
      },
    })
      .catch(String)
      .finally(setup.close)
    writeFileSync(join(results, 'output.txt'), output)
    const cases = casesOf(readFileSync(join(results, 'junit.xml'), 'utf8'))
    assert.equal(cases.length, TESTS)
    const unexpected = cases.filter(
      ({ name, status }) =>
        status !== 'passed' &&
        !(status === 'skipped' && LEFT_OUT.some((each) => name.endsWith(each))),
    )
    assert.deepEqual(unexpected, [])
  })
}
