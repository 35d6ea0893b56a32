/**
 * What `cdk` runs.
 *
 * @module
 */

import { App } from 'aws-cdk-lib'
import { RegistryStack } from './registry-stack.ts'

const app = new App()
new RegistryStack(app, 'slipway', { publicUrl: app.node.tryGetContext('publicUrl') })
