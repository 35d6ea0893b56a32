/**
 * What can be set of log-ins with credentials of AWS.
 *
 * @module
 */

import { awsAccounts, awsRegions } from '../functions/compose/setting-kinds.ts'
import * as z from '../functions/shared/schema.ts'
import { handlerSetting } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

const entries = (setting: 'aws-allow' | 'aws-accounts') =>
  z.converted(handlerSetting(setting), (value) => value.split(','))

/** Context values by name; see `CONTEXT`. */
export const AWS_LOG_INS = {
  awsAllow: contextValue(
    z.optional(entries('aws-allow')),
    'nobody',
    'AWS accounts and ARNs of users and roles that may pull and push where the policy says nothing, as 123456789012,arn:aws:iam::123456789012:role/ci-*; see docs/access.md',
  ),
  awsAccounts: contextValue(
    z.optional(entries('aws-accounts')),
    'those of awsAllow',
    'AWS accounts whose users and roles may log in, or ARNs of some of these; or organization: all accounts of the one that the stack is in',
  ),
  awsRegions: contextValue(
    z.optional(awsRegions),
    'that of the stack',
    'Regions whose STS says who logs in with AWS credentials',
  ),
} as const

/** Whether `awsAllow` cannot stand for `awsAccounts`: it may have patterns of any account. */
export const lacksAccounts = (
  allow: readonly string[] | undefined,
  accounts: readonly string[] | undefined,
): boolean =>
  allow !== undefined && accounts === undefined && !awsAccounts.safeParse(allow.join()).success
