/**
 * Reads what the deployed stack wrote to CloudWatch Logs.
 *
 * @module
 */

import { awsJson } from './aws.ts'
import type { Emulator } from './emulator.ts'

interface Groups {
  readonly logGroups: readonly {
    readonly logGroupName: string
    readonly retentionInDays?: number
  }[]
}

interface Events {
  readonly events: readonly { readonly message: string }[]
  readonly nextToken?: string
}

/** The log groups of an account. */
export const logGroups = async (emulator: Emulator): Promise<Groups['logGroups']> =>
  ((await awsJson(emulator, 'logs', 'Logs_20140328.DescribeLogGroups', {})) as Groups).logGroups

/** All messages of a log group. */
export const logMessages = async (emulator: Emulator, logGroupName: string): Promise<string[]> => {
  const messages: string[] = []
  let nextToken: string | undefined
  do {
    const page = (await awsJson(emulator, 'logs', 'Logs_20140328.FilterLogEvents', {
      logGroupName,
      ...(nextToken && { nextToken }),
    })) as Events
    messages.push(...page.events.map(({ message }) => message))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return messages
}

/** What gets lines of a log group. */
export interface SubscriptionFilter {
  readonly logGroupName: string
  readonly filterName: string
  readonly filterPattern: string
  readonly destinationArn: string
}

/** The subscriptions of a log group. */
export const subscriptionFilters = async (
  emulator: Emulator,
  logGroupName: string,
): Promise<readonly SubscriptionFilter[]> => {
  const action = 'Logs_20140328.DescribeSubscriptionFilters'
  const found = (await awsJson(emulator, 'logs', action, { logGroupName })) as {
    readonly subscriptionFilters: readonly SubscriptionFilter[]
  }
  return found.subscriptionFilters
}

/** Changes a subscription. */
export const putSubscriptionFilter = async (
  emulator: Emulator,
  { logGroupName, filterName, filterPattern, destinationArn }: SubscriptionFilter,
): Promise<void> => {
  const filter = { logGroupName, filterName, filterPattern, destinationArn }
  await awsJson(emulator, 'logs', 'Logs_20140328.PutSubscriptionFilter', filter)
}
