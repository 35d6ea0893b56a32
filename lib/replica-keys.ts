/**
 * Replicas of multi-Region keys of the registry in the first Region: the same keys, so that tokens and
 * uploads of one are good at the other. Each costs 1 USD a month.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import type { IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { CfnReplicaKey } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import { type KeySet, keyPolicy, keyStatements, SEALING, SIGNING, type Uses } from './keys.ts'

/** ARNs of multi-Region keys. */
export interface PrimaryKeys {
  /** At least one; the first signs. */
  readonly signing: readonly string[]
  readonly upload: string
}

export interface ReplicaKeysProps extends PrimaryKeys {
  /** The roles of the functions, which alone may use the keys. */
  readonly roles: readonly IRole[]
  /** ARNs of further roles or users that may use the keys. */
  readonly users: readonly string[]
}

/** The keys of the first Region, here. */
export class ReplicaKeys extends Construct implements KeySet {
  readonly environment: Readonly<Record<string, string>>
  readonly statements: readonly PolicyStatement[]
  readonly sealing: readonly PolicyStatement[]

  constructor(scope: Construct, id: string, { signing, upload, roles, users }: ReplicaKeysProps) {
    super(scope, id)
    const arns = [...roles.map(({ roleArn }) => roleArn), ...users]
    const replica = (name: string, primaryKeyArn: string, uses: readonly Uses[]) => {
      const key = new CfnReplicaKey(this, name, {
        description: `${Stack.of(this).stackName}: replica of ${primaryKeyArn}`,
        primaryKeyArn,
        keyPolicy: keyPolicy(arns, uses),
        pendingWindowInDays: 30,
      })
      return { arn: key.attrArn, statements: keyStatements(uses, key.attrArn) }
    }
    // Named by the key, so that a new one does not replace what is there.
    const nameOf = (arn: string): string => arn.replace(/^.*mrk-/, '').slice(0, 16)
    const signers = signing.map((arn) => replica(`Signing${nameOf(arn)}`, arn, SIGNING))
    const sealer = replica(`Upload${nameOf(upload)}`, upload, SEALING)
    this.environment = {
      SLIPWAY_SIGNING_KEY: `kms:${signers.map(({ arn }) => arn).join(',')}`,
      SLIPWAY_UPLOAD_KEY: `kms:${sealer.arn}`,
    }
    this.statements = [...signers, sealer].flatMap(({ statements }) => statements)
    this.sealing = sealer.statements
  }
}
