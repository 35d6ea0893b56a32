/**
 * What must be done to a deployed stack for an emulator that enforces policies but not all that they
 * may say. docs/aws.md lists it, and how it is covered otherwise.
 *
 * @module
 */

import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { kmsClient } from './clients.ts'
import type { Emulator } from './emulator.ts'
import { idsOf, stackResources } from './resources.ts'
import { type PolicyDocument, rolePolicy, type Statement } from './role.ts'

/** Parts of a request that MiniStack does not know, so that a condition on them never holds. */
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

/** Takes conditions on what the emulator does not know out of the role's policy and the keys'. */
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
