/**
 * The access log of the edge. Its source is in us-east-1, as CloudFront's deliveries are.
 *
 * CloudWatch charges 0.50 USD for each GB of it; a request is about 600 bytes.
 *
 * @module
 */

import { ArnFormat, type RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import {
  CfnDelivery,
  CfnDeliveryDestination,
  CfnDeliverySource,
  LogGroup,
  type RetentionDays,
} from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/** What is recorded. Never the query, which carries upload states and signatures, nor the Referer. */
const FIELDS = [
  'timestamp(ms)',
  'x-edge-request-id',
  'x-edge-location',
  'c-ip',
  'cs-protocol',
  'cs-protocol-version',
  'cs-method',
  'cs-uri-stem',
  'cs(User-Agent)',
  'cs-bytes',
  'sc-status',
  'sc-bytes',
  'time-taken',
  'time-to-first-byte',
  'x-edge-detailed-result-type',
]

export interface EdgeLogStackProps extends StackProps {
  /** Id of the distribution. */
  readonly distribution: string
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

/** The log group and what delivers to it. */
export class EdgeLogStack extends Stack {
  constructor(scope: Construct, id: string, props: EdgeLogStackProps) {
    const { distribution, logRetention, removalPolicy, ...others } = props
    super(scope, id, {
      description: 'Slipway, a container registry: the access log of its edge',
      ...others,
    })
    const log = new LogGroup(this, 'Log', {
      // Under this prefix, AWS lets its own services deliver without a policy that all share.
      logGroupName: `/aws/vendedlogs/${id}`,
      retention: logRetention,
      removalPolicy,
    })
    const source = new CfnDeliverySource(this, 'Source', {
      name: id,
      logType: 'ACCESS_LOGS',
      resourceArn: this.formatArn({
        service: 'cloudfront',
        region: '',
        resource: 'distribution',
        resourceName: distribution,
      }),
    })
    const destination = new CfnDeliveryDestination(this, 'Destination', {
      name: id,
      destinationResourceArn: this.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: log.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      outputFormat: 'json',
    })
    new CfnDelivery(this, 'Delivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
      recordFields: FIELDS,
    }).addResourceDependency(source)
  }
}
