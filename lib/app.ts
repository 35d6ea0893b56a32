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
import { bundleApi, bundleWeb } from '../packaging/bundle.ts'
import { bundlePage } from '../packaging/page.ts'
import { ContextError } from './errors.ts'
import { readContext } from './read-context.ts'
import { createStacks } from './stacks.ts'

const app = new App()
const directory = mkdtempSync(join(tmpdir(), 'slipway-'))
const code = {
  api: join(directory, 'api'),
  traces: join(directory, 'traces'),
  web: join(directory, 'web'),
  page: join(directory, 'page'),
}
try {
  const values = readContext(app.node)
  bundleApi(code.api, code.traces)
  bundleWeb(code.web)
  if (values.page) bundlePage(code.page)
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env
  createStacks(app, values, code, { account, region })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
} catch (error) {
  if (!(error instanceof ContextError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  // The functions have copied it.
  rmSync(directory, { recursive: true })
}
