/**
 * What the registry's functions have in common, whichever way they are called.
 *
 * @module
 */

import type { RemovalPolicy } from 'aws-cdk-lib'
import { type IRole, Policy, type PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { ApplicationLogLevel, LoggingFormat, SystemLogLevel } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgeActions, acknowledgePrefixes } from './acknowledge.ts'
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

/** How a Lambda function writes its log. */
export const LOGGING = {
  // The handler's lines of JSON stay as they are; Lambda's own lines become JSON too.
  loggingFormat: LoggingFormat.JSON,
  // SLIPWAY_LOG_LEVEL decides what is logged; Lambda must not drop any of it.
  applicationLogLevelV2: ApplicationLogLevel.TRACE,
  systemLogLevelV2: SystemLogLevel.INFO,
} as const

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
  acknowledgeActions(permissions, statements)
  return { logGroup, permissions }
}
