/**
 * What `cdk` runs: one stack, configured by context values, checked against AWS's rules.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { bundleApi } from '../packaging/bundle.ts'
import { ContextError } from './errors.ts'
import { readContext } from './read-context.ts'
import { RegistryStack } from './registry-stack.ts'

const app = new App()
const code = mkdtempSync(join(tmpdir(), 'slipway-'))
try {
  const values = readContext(app.node)
  bundleApi(code)
  new RegistryStack(app, values.name, { values, code })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
} catch (error) {
  if (!(error instanceof ContextError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  // The function has copied it.
  rmSync(code, { recursive: true })
}
