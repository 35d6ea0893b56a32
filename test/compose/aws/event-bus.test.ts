/**
 * Events to a bus of EventBridge: what is sent, and what its answers mean.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createBusPost } from '../../../functions/compose/aws/event-bus.ts'
import type { EventRecord } from '../../../functions/events/record.ts'
import { receiverOf } from '../../events/receiver.ts'
import { BEGIN, digestOf, recordOf } from '../../events/records.ts'
import { type AwsAnswer, useFakeService } from './fake-service.ts'

const BUS = 'arn:aws:events:eu-central-1:123456789012:event-bus/registry'

const { received, answers } = useFakeService('AWS_ENDPOINT_URL_EVENTBRIDGE')
const post = createBusPost()
const send = (record: EventRecord, signal = new AbortController().signal) =>
  post(receiverOf({ url: BUS }), record, signal)

const TAKEN: AwsAnswer = [200, { FailedEntryCount: 0, Entries: [{ EventId: '1' }] }]
const entry = (ErrorCode: string): AwsAnswer => [
  200,
  { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'so it is' }] },
]
const error = (status: number, type: string): AwsAnswer => [
  status,
  { __type: type, message: 'so it is' },
]

test('an event goes to the bus that is named, in its Region, with the detail of ECR', async () => {
  answers.push(TAKEN)
  const record = recordOf()
  expect(await send(record)).toEqual({ kind: 'delivered' })
  const [request, ...more] = received
  expect(more).toEqual([])
  expect(request).toMatchObject({
    target: 'AWSEvents.PutEvents',
    scope: 'eu-central-1/events',
    body: {
      Entries: [
        {
          EventBusName: BUS,
          Source: 'slipway',
          DetailType: 'ECR Image Action',
          Time: BEGIN / 1000,
        },
      ],
    },
  })
  const [{ Detail } = { Detail: '' }] = (request?.body.Entries ?? []) as { Detail: string }[]
  expect(JSON.parse(Detail)).toMatchObject({
    id: record.id,
    'action-type': 'PUSH',
    'repository-name': 'team/app',
    'image-digest': digestOf('a'),
    'image-tag': 'v1',
  })
})

test.each<[string, AwsAnswer, string, string]>([
  ['an entry that is throttled', entry('ThrottlingException'), 'failed', 'ThrottlingException'],
  ['an entry that AWS could not take', entry('InternalFailure'), 'failed', 'InternalFailure'],
  ['an entry that is wrong', entry('MalformedDetail'), 'refused', 'MalformedDetail'],
  [
    'a source that is not allowed',
    entry('NotAuthorizedForSourceException'),
    'refused',
    'NotAuthorizedForSourceException',
  ],
  ['no result', [200, { FailedEntryCount: 1 }], 'failed', 'no result'],
  ['a request that is wrong', error(400, 'ValidationException'), 'refused', 'ValidationException'],
  // Somebody may still give the right, or make the bus.
  ['a missing right', error(400, 'AccessDeniedException'), 'failed', 'AccessDeniedException'],
  ['no such bus', error(400, 'ResourceNotFoundException'), 'failed', 'ResourceNotFoundException'],
])('%s is %3$s', async (_, answer, kind, why) => {
  answers.push(answer)
  expect(await send(recordOf())).toEqual({ kind, why: expect.stringContaining(why) })
  expect(received).toHaveLength(1)
})

test('a request that is throttled is repeated, and so is one that AWS could not answer', async () => {
  answers.push(error(400, 'ThrottlingException'), error(500, 'InternalFailure'), TAKEN)
  expect(await send(recordOf())).toEqual({ kind: 'delivered' })
  expect(received).toHaveLength(3)
})

test('what is too large is not sent', async () => {
  const outcome = await send(recordOf({ facts: { more: 'ü'.repeat(128 * 1024) } }))
  expect(outcome).toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/EventBridge takes/),
  })
  expect(received).toEqual([])
})

test('a sender that ends does not wait', async () => {
  const ended = await send(recordOf(), AbortSignal.abort())
  expect(ended).toMatchObject({ kind: 'failed' })
})
