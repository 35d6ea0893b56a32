/**
 * Where the code of the Web Function lies. The platform reads it from a bucket whenever an environment
 * starts, by a version; CDK's asset bucket does not let it, so the code is copied into one of its own.
 *
 * @module
 */

import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { type IRole, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Function as LambdaFunction,
  type WebFunction,
  WebFunctionCode,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3'
import type { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { Construct, type IConstruct } from 'constructs'
import { acknowledgePrefixes } from './acknowledge.ts'
import { PRIVATE_BUCKET, UNFINISHED_UPLOADS } from './bucket.ts'
import { loggingStatement } from './permissions.ts'

/** What {@link WebFunctionCode} puts before the keys of its objects. */
const PREFIX = 'web-function/'

export interface WebCodeProps {
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

/** The bucket, and the function that copies the code there when the stack is deployed. */
export class WebCode extends Construct {
  readonly bucket: Bucket
  private readonly role: Role
  /** The role as CDK sees it, which adds nothing to what is written here. */
  private readonly copier: IRole
  private readonly log: LogGroup

  constructor(scope: Construct, id: string, props: WebCodeProps) {
    super(scope, id)
    this.bucket = new Bucket(this, 'Bucket', {
      ...PRIVATE_BUCKET,
      encryption: BucketEncryption.S3_MANAGED,
      // Old code goes with its revision. What is left, such as after a deployment that failed, stays: a
      // revision that was rolled back to may need a version that is no longer the newest.
      lifecycleRules: [
        UNFINISHED_UPLOADS,
        { id: 'delete-markers', expiredObjectDeleteMarker: true },
      ],
      // The stack's own code alone; the copies are deleted one by one before it.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only CloudFormation writes to it and only Lambda reads it, as CloudTrail records.',
    })
    this.log = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: props.removalPolicy,
    })
    this.role = new Role(this, 'Role', {
      description: 'Copies the code of the Web Function when it is deployed',
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
    this.copier = this.role.withoutPolicyUpdates()
  }

  /** The code in a directory, which is copied. */
  from(directory: string): WebFunctionCode {
    return WebFunctionCode.fromAssetToProvidedBucket(this.bucket as IBucket, directory, {
      copyOptions: { role: this.copier, logGroup: this.log },
    })
  }

  /** Gives the copying what it needs, before it copies for a function. */
  serve(webFunction: WebFunction): void {
    const source = (webFunction.node.findChild('Code') as Asset).bucket
    const statements = [
      new PolicyStatement({
        sid: 'Source',
        actions: ['s3:GetObject'],
        // All assets: a rollback copies the one before, and must not wait for a changed policy.
        resources: [source.arnForObjects('*')],
      }),
      new PolicyStatement({
        sid: 'Copies',
        actions: ['s3:PutObject', 's3:DeleteObjectVersion'],
        resources: [this.bucket.arnForObjects(`${PREFIX}*`)],
      }),
      loggingStatement(this.log),
    ]
    const permissions = new Policy(this, 'Permissions', { roles: [this.role], statements })
    acknowledgePrefixes(permissions, statements)
    webFunction.node.addDependency(permissions)
    const isCopying = (child: IConstruct): boolean =>
      child instanceof LambdaFunction && child.role === this.copier
    for (const child of Stack.of(this).node.children.filter(isCopying)) {
      child.node.addDependency(permissions)
    }
  }
}
