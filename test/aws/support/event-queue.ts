/**
 * A queue of SQS that a rule of EventBridge sends what Slipway has put on the default bus.
 *
 * @module
 */

import { awsJson } from './aws.ts'
import type { Emulator } from './emulator.ts'

/** What EventBridge sends to targets of a rule. */
export interface BusEvent {
  readonly id: string
  readonly source: string
  readonly 'detail-type': string
  readonly time: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Calls an action of EventBridge. */
export const eventBridge = (emulator: Emulator, action: string, body: object): Promise<unknown> =>
  awsJson(emulator, 'events', `AWSEvents.${action}`, body)

const sqs = (emulator: Emulator, action: string, body: object): Promise<unknown> =>
  awsJson(emulator, 'sqs', `AmazonSQS.${action}`, body)

/** Creates the queue and the rule. @returns a function that takes what has arrived since */
export const createEventQueue = async (
  emulator: Emulator,
  name: string,
): Promise<() => Promise<readonly BusEvent[]>> => {
  const { QueueUrl } = (await sqs(emulator, 'CreateQueue', { QueueName: name })) as {
    readonly QueueUrl: string
  }
  const { Attributes } = (await sqs(emulator, 'GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['QueueArn'],
  })) as { readonly Attributes: { readonly QueueArn: string } }
  const EventPattern = JSON.stringify({ source: ['slipway'], 'detail-type': ['ECR Image Action'] })
  await eventBridge(emulator, 'PutRule', { Name: name, EventPattern, State: 'ENABLED' })
  const Targets = [{ Id: 'queue', Arn: Attributes.QueueArn }]
  await eventBridge(emulator, 'PutTargets', { Rule: name, Targets })
  return async () => {
    const { Messages = [] } = (await sqs(emulator, 'ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
    })) as {
      readonly Messages?: readonly { readonly Body: string; readonly ReceiptHandle: string }[]
    }
    for (const { ReceiptHandle } of Messages) {
      await sqs(emulator, 'DeleteMessage', { QueueUrl, ReceiptHandle })
    }
    return Messages.map(({ Body }) => JSON.parse(Body) as BusEvent)
  }
}
