/**
 * The stack that `cdk deploy` makes: a registry, and what to do next as outputs.
 *
 * @module
 */

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { Registry, type RegistryProps } from './registry.ts'

export type RegistryStackProps = StackProps & RegistryProps

/** A registry in a stack of its own. */
export class RegistryStack extends Stack {
  readonly registry: Registry

  constructor(scope: Construct, id: string, props: RegistryStackProps = {}) {
    super(scope, id, { description: 'Slipway, a container registry', ...props })
    this.registry = new Registry(this, 'Registry', props)
    const at = `--store ${this.registry.store} --s3-region ${this.region}`
    const outputs: Readonly<Record<string, readonly [value: string, description: string]>> = {
      RegistryHost: [this.registry.host, 'docker login <this>'],
      BucketName: [this.registry.bucket.bucketName, 'Where everything is kept'],
      ApiId: [this.registry.gateway.api.ref, 'The HTTP API'],
      FirstUser: [
        `npm run slipway -- user add admin ${at}`,
        'Makes the first account; asks for its password',
      ],
    }
    for (const [name, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, name, { value, description })
    }
  }
}
