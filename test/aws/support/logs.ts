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
