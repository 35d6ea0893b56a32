/**
 * Adapts the policies of a deployed stack to an emulator that does not support all conditions.
 * docs/aws.md lists these, and says how they are tested instead.
 *
 * @module
 */

import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { kmsClient } from './clients.ts'
import type { Emulator } from './emulator.ts'
import { idsOf, stackResources } from './resources.ts'
import { type PolicyDocument, rolePolicy, type Statement } from './role.ts'

/** Condition keys that MiniStack does not support: a condition on them is never met. */
const UNKNOWN_KEYS: readonly string[] = ['kms:SigningAlgorithm', 'kms:MacAlgorithm']

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

/** Removes unsupported conditions from the policies of the role and of the keys. */
export const closeGaps = async (emulator: Emulator, stackName: string): Promise<void> => {
  const role = await rolePolicy(emulator, stackName)
  await role.replace(relaxed(role.document))
  const kms = kmsClient(emulator)
  for (const KeyId of idsOf(await stackResources(emulator, stackName), 'AWS::KMS::Key')) {
    const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
    const policy = JSON.stringify(relaxed(JSON.parse(Policy)))
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy }))
  }
  kms.destroy()
}
