/**
 * What `cdk` runs: one stack, as the context values have it, checked against AWS's rules.
 *
 * @module
 */

import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { ContextError } from './errors.ts'
import { readContext } from './read-context.ts'
import { RegistryStack } from './registry-stack.ts'

const app = new App()
try {
  const values = readContext(app.node)
  new RegistryStack(app, values.name, { values })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
} catch (error) {
  if (!(error instanceof ContextError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
