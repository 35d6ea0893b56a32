/**
 * The public keys that CloudFront verifies URLs with. The private ones are derived by the functions.
 *
 * @module
 */

import { Stack } from 'aws-cdk-lib'
import { CfnKeyGroup, CfnPublicKey } from 'aws-cdk-lib/aws-cloudfront'
import { Construct } from 'constructs'

export interface EdgeKeysProps {
  /** PEM with its name, in the order of the names of the secrets. */
  readonly publicKeys: readonly (readonly [name: string, pem: string])[]
}

/** The keys and their group. */
export class EdgeKeys extends Construct {
  /** Id of the key that the functions sign for: the last, which the distribution has known the longest. */
  readonly signing: string
  /** Id of the group. */
  readonly group: string

  constructor(scope: Construct, id: string, { publicKeys }: EdgeKeysProps) {
    super(scope, id)
    const { stackName } = Stack.of(this)
    const items = publicKeys.map(([name, encodedKey]) => {
      const named = `${stackName}-${name}`
      return new CfnPublicKey(this, `Key${name}`, {
        publicKeyConfig: { name: named, callerReference: named, encodedKey },
      }).ref
    })
    this.signing = items.at(-1) ?? ''
    this.group = new CfnKeyGroup(this, 'Group', {
      keyGroupConfig: { name: stackName, items },
    }).ref
  }
}
