/**
 * Runs the official conformance program of the OCI distribution specification on every set-up, for every
 * version that Slipway claims to support. Writes its reports to `.ci/artifacts/conformance`, and prints a
 * table in Markdown. The Go module proxy does not have the program, so it is given by path:
 *
 *   node test/conformance/official.ts <conformance program>
 *
 * Exits with 1 unless every test of every run passed or is disabled for the version.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { projectRoot, run } from '../support/live/process.ts'
import { type SetupName, startSetup } from '../support/live/setups.ts'
import { readReport } from './report.ts'

interface Run {
  readonly setup: SetupName
  readonly version: '1.1' | 'dev'
}

// "dev" requires Docker-Content-Digest on blobs after redirects, which S3 cannot send.
const runs: readonly Run[] = [
  { setup: 'file', version: '1.1' },
  { setup: 'file', version: 'dev' },
  { setup: 's3-direct', version: '1.1' },
  { setup: 's3-direct', version: 'dev' },
  { setup: 's3-redirect', version: '1.1' },
]

const conform = async (program: string, { setup, version }: Run): Promise<boolean> => {
  const results = join(projectRoot, '.ci/artifacts/conformance', `${setup}-${version}`)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  const live = await startSetup(setup)
  // The exit code is ignored: the report says more, and must exist in any case.
  const output = await run(program, [], {
    cwd: results,
    env: {
      OCI_REGISTRY: live.registry.address,
      OCI_TLS: 'disabled',
      OCI_VERSION: version,
      OCI_REPO1: 'conformance/one',
      OCI_REPO2: 'conformance/two',
      OCI_RESULTS_DIR: results,
    },
  })
    .catch(String)
    .finally(live.close)
  writeFileSync(join(results, 'output.txt'), output)

  const report = readReport(join(results, 'junit.xml'))
  const { tests, failures, errors, skipped, disabled } = report
  console.log(`| ${[setup, version, tests, failures, errors, skipped, disabled].join(' | ')} |`)
  const good = tests > 0 && failures + errors + skipped === 0
  if (!good) console.error(report.notPassed.join('\n'))
  return good
}

const [program] = process.argv.slice(2)
if (program === undefined)
  throw new Error('usage: node test/conformance/official.ts <conformance program>')
console.log('| set-up | version | steps | failures | errors | skipped | switched off |')
console.log('|---|---|---|---|---|---|---|')
for (const entry of runs) {
  if (!(await conform(resolve(program), entry))) process.exitCode = 1
}
