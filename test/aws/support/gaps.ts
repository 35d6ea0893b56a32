/**
 * Adapts a deployed stack to an emulator that supports neither all conditions in policies nor all patterns for log
 * lines. docs/aws.md lists these, and says how they are tested instead.
 *
 * @module
 */

import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { kmsClient, s3Client } from './clients.ts'
import type { Emulator } from './emulator.ts'
import { putSubscriptionFilter, subscriptionFilters } from './logs.ts'
import { idsOf, type Resource, stackResources } from './resources.ts'
import { type PolicyDocument, rolePolicy, type Statement } from './role.ts'

/** Condition keys that MiniStack does not support: a condition on them is never met. */
const UNKNOWN_KEYS: readonly string[] = ['kms:SigningAlgorithm', 'kms:MacAlgorithm']

/** A statement that forbids something to all but those whom a condition of the first kind names. */
const FORBIDS_ALL = 'aws:PrincipalArn'

const withoutUnknown = ({ Condition = {}, ...statement }: Statement): Statement => {
  const conditions = Object.entries(Condition).flatMap(([operator, keys]) => {
    const known = Object.entries(keys).filter(([key]) => !UNKNOWN_KEYS.includes(key))
    return known.length === 0 ? [] : [[operator, Object.fromEntries(known)]]
  })
  return conditions.length === 0
    ? statement
    : { ...statement, Condition: Object.fromEntries(conditions) }
}

const relaxed = (policy: PolicyDocument): PolicyDocument => ({
  ...policy,
  Statement: policy.Statement.map(withoutUnknown),
})

/** Removes from the policy of the stack's bucket what would forbid the function its keys. */
const openBucket = async (emulator: Emulator, resources: readonly Resource[]): Promise<void> => {
  const [bucket] = resources.filter(({ type }) => type === 'AWS::S3::Bucket')
  if (bucket === undefined) return
  const s3 = s3Client(emulator)
  const Bucket = bucket.physicalId
  const { Policy = '' } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
  const policy: PolicyDocument = JSON.parse(Policy)
  const Statement = policy.Statement.filter((each) => !JSON.stringify(each).includes(FORBIDS_ALL))
  const relaxedPolicy = JSON.stringify({ ...policy, Statement })
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: relaxedPolicy }))
  s3.destroy()
}

/** Beginning and end of a pattern that one field must have one value. */
const FIELD = /^{ \$\.\w+ = "(\w+)" }$/

/**
 * Has subscriptions get lines with the value, wherever it is: MiniStack looks for words alone, also for the names of
 * fields, which have a dot before them in the pattern.
 */
const widenFilters = async (emulator: Emulator, resources: readonly Resource[]): Promise<void> => {
  if (!resources.some(({ type }) => type === 'AWS::Logs::SubscriptionFilter')) return
  for (const logGroupName of idsOf(resources, 'AWS::Logs::LogGroup')) {
    for (const filter of await subscriptionFilters(emulator, logGroupName)) {
      const [, filterPattern = filter.filterPattern] = FIELD.exec(filter.filterPattern) ?? []
      await putSubscriptionFilter(emulator, { ...filter, filterPattern })
    }
  }
}

/** Adapts policies of the role, of the keys and of the bucket, and patterns of subscriptions. */
export const closeGaps = async (emulator: Emulator, stackName: string): Promise<void> => {
  const role = await rolePolicy(emulator, stackName)
  await role.replace(relaxed(role.document))
  const resources = await stackResources(emulator, stackName)
  await openBucket(emulator, resources)
  await widenFilters(emulator, resources)
  const kms = kmsClient(emulator)
  // With keys in the bucket there are none.
  const keys = resources.filter(({ type }) => type === 'AWS::KMS::Key')
  for (const KeyId of keys.length === 0 ? [] : idsOf(keys, 'AWS::KMS::Key')) {
    const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
    const policy = JSON.stringify(relaxed(JSON.parse(Policy)))
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy }))
  }
  kms.destroy()
}
