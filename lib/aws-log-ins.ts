/**
 * Log-ins with credentials of AWS, as the functions are told of them.
 *
 * @module
 */

import { Lazy, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

export interface AwsLogInsProps {
  /**
   * Accounts, of 12 digits, and ARNs of users and roles that may pull and push where the policy says nothing; of
   * roles, without their path. `*` stands for anything without a slash. Default: nobody.
   */
  readonly allow?: readonly string[] | undefined
  /**
   * Accounts whose users and roles may log in, or ARNs of some of these; or `organization`: all accounts of the one
   * that the stack's own is in, of which it must be the management account or a delegated administrator. What they
   * may do, {@link allow} and the policy say. Default: those that `allow` names.
   */
  readonly accounts?: readonly string[] | 'organization' | undefined
  /** Regions whose STS is asked. Default: that of the stack. */
  readonly regions?: readonly string[] | undefined
}

/**
 * Settings, by their variables; none where nobody logs in so.
 *
 * @param host under which clients reach the registry, once that is known
 */
export const awsSettings = (
  scope: Construct,
  { allow = [], accounts, regions }: AwsLogInsProps,
  host: () => string,
): Readonly<Record<string, string>> => {
  const from = accounts ?? allow
  if (from.length === 0) return {}
  return {
    SLIPWAY_AWS_REGIONS: regions?.join() ?? Stack.of(scope).region,
    SLIPWAY_AWS_ACCOUNTS: typeof from === 'string' ? from : from.join(),
    SLIPWAY_AWS_AUDIENCE: Lazy.string({ produce: host }),
    ...(allow.length > 0 && { SLIPWAY_AWS_ALLOW: allow.join() }),
  }
}
