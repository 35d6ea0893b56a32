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
   * Accounts whose users and roles may log in, or `organization`: all of the one that the stack's own account is
   * in, of which it must be the management account or a delegated administrator. Default: those that
   * {@link allow} names.
   */
  readonly accounts?: readonly string[] | 'organization' | undefined
  /** Regions whose STS is asked. Default: that of the stack. */
  readonly regions?: readonly string[] | undefined
}

/** The account that an entry of `allow` is of; undefined where that is a pattern. */
const accountOf = (entry: string): string | undefined =>
  entry.match(/^(?:arn:[^:]+:[^:]+::)?(\d{12})(?::|$)/)?.[1]

/** Accounts that entries name. @returns undefined if one names none */
export const accountsIn = (entries: readonly string[]): readonly string[] | undefined => {
  const accounts = entries.map(accountOf)
  return accounts.includes(undefined)
    ? undefined
    : [...new Set(accounts.filter((each) => each !== undefined))]
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
  const from = accounts ?? accountsIn(allow) ?? []
  if (from.length === 0) return {}
  return {
    SLIPWAY_AWS_REGIONS: regions?.join() ?? Stack.of(scope).region,
    SLIPWAY_AWS_ACCOUNTS: typeof from === 'string' ? from : from.join(),
    SLIPWAY_AWS_AUDIENCE: Lazy.string({ produce: host }),
    ...(allow.length > 0 && { SLIPWAY_AWS_ALLOW: allow.join() }),
  }
}
