/**
 * What it costs the function on AWS to send events to one receiver, as docs/events.md has it.
 *
 * @module
 */

import { beforeAll, test } from 'vitest'
import { outboxKey } from '../../functions/events/record.ts'
import { createHandler, type EventsHandler } from '../../functions/handlers/events.ts'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { listenForEvents } from '../events/receiver.ts'
import { record } from '../events/records.ts'
import { meter } from './measure.ts'

const { s3, store, costs } = await meter()
const context = { functionName: 'events', getRemainingTimeInMillis: () => 300_000 }
const PROOF = { key: 'docker/registry/v2/repositories/team/app/link' }
const SCHEDULED = { source: 'aws.events', detail: {} }

let handle: EventsHandler
/** Calls the function for a record, as S3 does, with some that were written beside it. */
const sendWith = async (more: number) => {
  const first = await record(store, { proof: PROOF })
  for (let at = 0; at < more; at++) await record(store, { proof: PROOF })
  return () => handle({ detail: { object: { key: outboxKey(first) } } }, context)
}

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = s3.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = s3.secretAccessKey
  handle = createHandler({
    SLIPWAY_STORE: `s3://${s3.bucket}`,
    SLIPWAY_S3_ENDPOINT: s3.endpoint,
    SLIPWAY_S3_REGION: s3.region,
    SLIPWAY_LOG_LEVEL: 'silent',
  })
  const hooks = await listenForEvents((_, response) => response.end())
  const receivers = [{ name: 'hooks', url: hooks.url, private: ['127.0.0.1'] }]
  await write(store, EVENT_RECEIVERS_KEY, JSON.stringify({ version: 1, receivers }))
  await store.put(PROOF.key, Buffer.from('x'))
  // The first tries whether S3 heeds the condition of a delete.
  await (await sendWith(0))()
  return hooks.close
})

test('an event that comes alone', async () => {
  const send = await sendWith(0)
  const calls = { HeadObject: 3, GetObject: 6, ListObjectsV2: 4, PutObject: 3, DeleteObject: 4 }
  await costs({ calls }, send)
})

test('each more that is sent with it: a PUT, two GETs, a HEAD, a DELETE', async () => {
  const send = await sendWith(3)
  const reads = { HeadObject: 3 + 3, GetObject: 6 + 6, ListObjectsV2: 4 }
  // Records are deleted together.
  const calls = { ...reads, PutObject: 3 + 3, DeleteObject: 3 + 3, DeleteObjects: 1 }
  await costs({ calls }, send)
})

test('a call for what is sent already', async () => {
  const send = await sendWith(0)
  await send()
  await costs({ calls: { HeadObject: 1 } }, send)
})

test('a call of the schedule with nothing to do', async () => {
  const calls = { GetObject: 1, ListObjectsV2: 1 }
  await costs({ calls }, () => handle(SCHEDULED, context))
})
