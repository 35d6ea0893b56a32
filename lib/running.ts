/**
 * What the registry's functions have in common, whichever way they are called.
 *
 * @module
 */

import type { RemovalPolicy } from 'aws-cdk-lib'
import { type IRole, Policy, type PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgePrefixes } from './acknowledge.ts'
import type { Documents } from './code.ts'
import { loggingStatement } from './permissions.ts'

/** What a function of the registry is given. */
export interface RunningProps extends Documents {
  readonly role: IRole
  /** What the role may do besides writing its log. */
  readonly statements: readonly PolicyStatement[]
  /** Settings. No secrets: everybody who may see the function sees them. */
  readonly environment: Readonly<Record<string, string>>
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
  /** Directory with the bundle, which is copied. */
  readonly code: string
}

/** Creates the log of a function, and the policy by which its role may do its work and write that log. */
export const createLogAndPermissions = (
  scope: Construct,
  {
    role,
    statements,
    logRetention,
    removalPolicy,
  }: Pick<RunningProps, 'role' | 'statements' | 'logRetention' | 'removalPolicy'>,
): { readonly logGroup: LogGroup; readonly permissions: Policy } => {
  const logGroup = new LogGroup(scope, 'Log', { retention: logRetention, removalPolicy })
  const permissions = new Policy(scope, 'Permissions', {
    roles: [role],
    statements: [...statements, loggingStatement(logGroup)],
  })
  acknowledgePrefixes(permissions, statements)
  return { logGroup, permissions }
}
