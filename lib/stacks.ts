/**
 * The stacks that the context values ask for: the registry's, and with an edge those beside it in us-east-1.
 *
 * @module
 */

import { HostedZone } from 'aws-cdk-lib/aws-route53'
import type { Construct } from 'constructs'
import type { ContextValues } from './context.ts'
import { EdgeLogStack } from './edge-log.ts'
import { EDGE_REGION, EdgeStack } from './edge-stack.ts'
import { ContextError } from './errors.ts'
import type { RegistryWithCodeProps } from './registry-props.ts'
import { RegistryStack } from './registry-stack.ts'

/** Where the stacks are deployed, as `cdk` says it. */
export interface Target {
  readonly account?: string | undefined
  readonly region?: string | undefined
}

const edgeStack = (app: Construct, values: ContextValues, account: string): EdgeStack => {
  const { name, hostedZoneId, hostedZoneName: zoneName } = values
  return new EdgeStack(app, `${name}-edge`, {
    env: { account, region: EDGE_REGION },
    crossRegionReferences: true,
    terminationProtection: values.terminationProtection,
    domain: values.domain ?? '',
    certificate: values.edgeCertificate,
    zone:
      hostedZoneId && zoneName
        ? (scope) => HostedZone.fromHostedZoneAttributes(scope, 'Zone', { hostedZoneId, zoneName })
        : undefined,
    tokenRate: values.edgeTokenRate,
  })
}

/**
 * Creates the stacks.
 *
 * @returns that of the registry
 * @throws ContextError when there is to be an edge and nothing says where the stacks are deployed
 */
export const createStacks = (
  app: Construct,
  values: ContextValues,
  code: RegistryWithCodeProps['code'],
  { account, region }: Target,
): RegistryStack => {
  const { name, logRetention, removalPolicy } = values
  if (values.edge === 'off') return new RegistryStack(app, name, { values, code })
  if (account === undefined || region === undefined) {
    throw new ContextError(
      'edge needs an account and a Region: log in to AWS, and set AWS_REGION to the Region of the registry',
    )
  }
  const { parts } = edgeStack(app, values, account)
  const stack = new RegistryStack(app, name, {
    env: { account, region },
    crossRegionReferences: true,
    values,
    code,
    edge: parts,
  })
  const { edge } = stack.registry
  if (edge && values.edgeLogs) {
    new EdgeLogStack(app, `${name}-edge-log`, {
      env: { account, region: EDGE_REGION },
      crossRegionReferences: true,
      distribution: edge.distribution.ref,
      logRetention,
      removalPolicy,
    })
  }
  return stack
}
