/**
 * Reads and replaces the policy of the deployed function's role.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { awsQuery } from './aws.ts'
import type { Emulator } from './emulator.ts'
import { elementOf, idsOf, stackResources } from './resources.ts'

/** A statement of a policy as the CDK writes it. */
export interface Statement {
  readonly Sid?: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface PolicyDocument {
  readonly Statement: readonly Statement[]
}

/** The only policy of a role. */
export interface RolePolicy {
  readonly document: PolicyDocument
  /** Replaces it. */
  replace(document: PolicyDocument): Promise<void>
}

/** The value or values of an element of a policy, as a list. */
export const listed = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? value : [value as T]

/** Calls an action of IAM. @returns the XML of its response */
export const iam = (
  emulator: Emulator,
  Action: string,
  parameters: Readonly<Record<string, string>>,
) => awsQuery(emulator, 'iam', '2010-05-08', { Action, ...parameters })

/** The policy of the only role of a stack. */
export const rolePolicy = async (emulator: Emulator, stackName: string): Promise<RolePolicy> => {
  const [RoleName = '', ...others] = idsOf(
    await stackResources(emulator, stackName),
    'AWS::IAM::Role',
  )
  assert.deepEqual(others, [], 'a stack of one role')
  const names = await iam(emulator, 'ListRolePolicies', { RoleName })
  const [PolicyName = '', ...more] = [...names.matchAll(/<member>([^<]*)<\/member>/g)].map(
    ([, name = '']) => name,
  )
  assert.deepEqual(more, [], 'a role of one policy')
  const xml = await iam(emulator, 'GetRolePolicy', { RoleName, PolicyName })
  return {
    document: JSON.parse(decodeURIComponent(elementOf(xml, 'PolicyDocument'))),
    async replace(document) {
      const PolicyDocument = JSON.stringify(document)
      await iam(emulator, 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument })
    },
  }
}

/** The emulator with the credentials of a new user that has only this policy. */
export const asUserWith = async (
  emulator: Emulator,
  UserName: string,
  document: PolicyDocument,
): Promise<Emulator> => {
  await iam(emulator, 'CreateUser', { UserName })
  await iam(emulator, 'PutUserPolicy', {
    UserName,
    PolicyName: 'all',
    PolicyDocument: JSON.stringify(document),
  })
  const key = await iam(emulator, 'CreateAccessKey', { UserName })
  const AWS_ACCESS_KEY_ID = elementOf(key, 'AccessKeyId')
  const AWS_SECRET_ACCESS_KEY = elementOf(key, 'SecretAccessKey')
  return { ...emulator, env: { ...emulator.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } }
}
