/**
 * Keys in the registry's bucket: those that sign tokens, and the one that seals upload states. They cost
 * nothing. `slipway keys create` makes them, with an administrator's credentials; the functions may read
 * them and not write them.
 *
 * KMS does not give its keys away, whereas these are as secret as the objects they lie in.
 *
 * @module
 */

import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { SIGNING_KEYS_KEY, UPLOAD_SECRET_KEY } from '../functions/registry/layout.ts'
import type { AnyBucket } from './bucket.ts'
import type { KeySet } from './keys.ts'

/** Roles that use keys. */
export interface KeyHolders {
  /** Those of the functions. */
  readonly roles: readonly IRole[]
  /** Those that may use the key that seals upload states, and no other. */
  readonly sealers: readonly IRole[]
}

export interface BucketKeysProps extends KeyHolders {
  readonly bucket: AnyBucket
  /** Prefix of every key: empty, or ends with `/`. */
  readonly keyPrefix: string
  /** ARNs of who else may read them. */
  readonly users: readonly string[]
}

/**
 * Keeps the keys in the bucket. The policy of a bucket that is made here lets nobody else read them,
 * whatever their own policies say; an existing bucket keeps its policy.
 */
export const bucketKeys = (props: BucketKeysProps): KeySet => {
  const { bucket, keyPrefix, roles, sealers, users } = props
  const signing = bucket.arnForObjects(keyPrefix + SIGNING_KEYS_KEY)
  const sealing = bucket.arnForObjects(keyPrefix + UPLOAD_SECRET_KEY)
  const readers = [...[...roles, ...sealers].map(({ roleArn }) => roleArn), ...users]
  const reading = (resources: string[]) => [
    new PolicyStatement({ sid: 'Keys', actions: ['s3:GetObject'], resources }),
  ]
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: 'KeysForTheRegistryAlone',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [signing, sealing],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': readers } },
    }),
  )
  return {
    // By default the server looks for its keys in the store.
    environment: {},
    statements: reading([signing, sealing]),
    sealing: reading([sealing]),
  }
}
