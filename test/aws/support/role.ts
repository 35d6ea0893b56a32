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

/** All policies that lack one action or one resource of one statement, with what they lack. */
export const shortened = (policy: PolicyDocument) =>
  policy.Statement.flatMap((statement, index) => {
    const name = statement.Sid ?? String(index)
    const without = (key: 'Action' | 'Resource') =>
      listed(statement[key]).map((each) => {
        const rest = listed(statement[key]).filter((other) => other !== each)
        const changed = rest.length === 0 ? [] : [{ ...statement, [key]: rest }]
        const Statement = policy.Statement.toSpliced(index, 1, ...changed)
        return {
          what: `${name}: ${each.replace(/^.*:::[^/]*/, '')}`,
          policy: { ...policy, Statement },
        }
      })
    return [
      ...without('Action'),
      ...(listed(statement.Resource).length > 1 ? without('Resource') : []),
    ]
  })

/** Calls an action of IAM. @returns the XML of its response */
export const iam = (
  emulator: Emulator,
  Action: string,
  parameters: Readonly<Record<string, string>>,
) => awsQuery(emulator, 'iam', '2010-05-08', { Action, ...parameters })

/** The roles of the functions, by how their names in the template begin. */
export const ROLES = {
  registry: 'RegistryRole',
  cleanUp: 'RegistryCleanUpRole',
  pulls: 'RegistryPullsRole',
  events: 'RegistryEventsRole',
  fills: 'RegistryFillsRole',
} as const

/** The policy of a role of a stack. @param name how its name in the template begins */
export const rolePolicy = async (
  emulator: Emulator,
  stackName: string,
  name: string = ROLES.registry,
): Promise<RolePolicy> => {
  const resources = await stackResources(emulator, stackName)
  const [RoleName = '', ...others] = idsOf(
    resources.filter(({ logicalId }) => logicalId.startsWith(name)),
    'AWS::IAM::Role',
  )
  assert.deepEqual(others, [], `one role ${name}`)
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

/** A user that has only one policy. */
export interface PolicyUser {
  /** With the credentials of the user. */
  readonly emulator: Emulator
  /** Replaces the policy. */
  replace(document: PolicyDocument): Promise<void>
}

/** Creates a user that has only this policy. */
export const startUser = async (
  emulator: Emulator,
  UserName: string,
  document: PolicyDocument,
): Promise<PolicyUser> => {
  await iam(emulator, 'CreateUser', { UserName })
  const replace = async (each: PolicyDocument): Promise<void> => {
    const PolicyDocument = JSON.stringify(each)
    await iam(emulator, 'PutUserPolicy', { UserName, PolicyName: 'all', PolicyDocument })
  }
  await replace(document)
  const key = await iam(emulator, 'CreateAccessKey', { UserName })
  const AWS_ACCESS_KEY_ID = elementOf(key, 'AccessKeyId')
  const AWS_SECRET_ACCESS_KEY = elementOf(key, 'SecretAccessKey')
  const env = { ...emulator.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }
  return { emulator: { ...emulator, env }, replace }
}

/** The emulator with the credentials of a new user that has only this policy. */
export const asUserWith = async (
  emulator: Emulator,
  UserName: string,
  document: PolicyDocument,
): Promise<Emulator> => (await startUser(emulator, UserName, document)).emulator
