/**
 * The package's export `slipway/cdk`: the construct, with the code that the package contains, so that
 * synthesising needs no bundler.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import type { Construct } from 'constructs'
import { Registry as RegistryWithCode } from './registry.ts'
import type { RegistryProps } from './registry-props.ts'

export type { AlarmReceivers, Alarms } from './alarms.ts'
export type { AnyBucket } from './bucket.ts'
export type { CleanUp } from './clean-up.ts'
export type { RegistryDashboard } from './dashboard.ts'
export type { Domain, RegistryDomain } from './domain.ts'
export type { Edge, EdgeParts } from './edge.ts'
export { EDGE_REGION, EdgeStack, type EdgeStackProps } from './edge-stack.ts'
export type { Events, RegistryEventsProps } from './events.ts'
export type { Fills, RegistryUpstreamsProps } from './fills.ts'
export type { RegistryFunction } from './function.ts'
export type { Gateway } from './gateway.ts'
export type { Mirror, RegistryMirrorProps } from './mirror.ts'
export type { Pulls } from './pulls.ts'
export type { RegistryEdge, RegistryProps } from './registry-props.ts'
export type { RegistryTraces } from './traces.ts'
export type { RegistryWebFunction } from './web-function.ts'

const besides = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** The functions' bundles, beside this module in `dist/`. */
const CODE = {
  api: besides('api'),
  traces: besides('traces'),
  web: besides('web'),
  page: besides('page'),
}

/**
 * A container registry.
 *
 * @example
 * const registry = new Registry(this, 'Registry', { alarms: { topic }, memory: 2048 })
 * new CfnOutput(this, 'Host', { value: registry.host })
 */
export class Registry extends RegistryWithCode {
  constructor(scope: Construct, id: string, props: RegistryProps = {}) {
    super(scope, id, { ...props, code: CODE })
  }
}
