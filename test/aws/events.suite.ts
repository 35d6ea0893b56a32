/**
 * Events of a deployed stack with `events=on`: a push through the API, S3 that tells EventBridge of the record, a rule that calls
 * what sends events, the bus, a rule of the user's, and a queue; and a webhook that is signed with a secret of
 * AWS Secrets Manager.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { EVENTS_PREFIX } from '../../functions/events/keys.ts'
import { type EventRecord, outboxKey } from '../../functions/events/record.ts'
import { webhookHeaders } from '../../functions/events/signature.ts'
import { deletedRepositoryKey, revisionLinkKey } from '../../functions/registry/layout.ts'
import { mediaTypes } from '../conformance/client.ts'
import { listenForEvents } from '../events/receiver.ts'
import { recordOf } from '../events/records.ts'
import { scratch } from '../support/live/process.ts'
import { until } from '../support/until.ts'
import { awsJson, awsPut } from './support/aws.ts'
import { s3Client } from './support/clients.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { startMiniStack } from './support/emulator.ts'
import { type BusEvent, createEventQueue, eventBridge } from './support/event-queue.ts'
import { idOf, invoke } from './support/invoke.ts'
import { logMessages } from './support/logs.ts'
import { ROLES, rolePolicy, shortened } from './support/role.ts'
import { type Session, startSession } from './support/session.ts'

const NAME = 'events/image'
const BUS = 'arn:aws:events:eu-central-1:000000000000:event-bus/default'
const KEY = 'a secret of no worth'
const SCHEDULED = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }

/** What is not needed here; test/lib/events.test.ts has what each of the first is for. */
const IDLE = [
  // No receiver refuses anything or ends here, and nothing is mounted.
  'Dead: s3:PutObject',
  'Ended: s3:PutObject',
  'Sizes: s3:GetObject',
  // On AWS a delete with a condition needs the right to read, too.
  'Trial: s3:GetObject',
  // The emulator writes logs itself; Lambda does it with the rights of the role.
  'Log: logs:CreateLogStream',
  'Log: logs:PutLogEvents',
]

const files = scratch('aws-events')
afterAll(files.remove)

let secretArn = ''
const start = async () => {
  const emulator = await startMiniStack()
  const made = await awsJson(emulator, 'secretsmanager', 'secretsmanager.CreateSecret', {
    Name: 'slipway/hooks',
    SecretString: KEY,
  })
  secretArn = (made as { ARN: string }).ARN
  return emulator
}

const deployed = useDeployment(start, {
  ...MINISTACK,
  get context() {
    const secrets = { eventSecrets: `HOOKS=${secretArn}` }
    return { ...MINISTACK.context, events: 'on', eventBuses: BUS, eventMinutes: '15', ...secrets }
  },
})

describe('events of a deployed stack', () => {
  let s3: S3Client
  let Bucket = ''
  let sender = ''
  /** Key of the link of an image that is there. */
  let proof = ''
  let session: Session
  let receive: () => Promise<readonly BusEvent[]>
  let hooks: Awaited<ReturnType<typeof listenForEvents>>

  /** Waits for events on the bus. */
  const arrive = async (count: number): Promise<readonly BusEvent[]> => {
    const arrived: BusEvent[] = []
    await until(async () => {
      arrived.push(...(await receive()))
      return arrived.length >= count
    })
    return arrived
  }
  const objects = async (): Promise<readonly string[]> => {
    const list = new ListObjectsV2Command({ Bucket, Prefix: EVENTS_PREFIX })
    const { Contents = [] } = await s3.send(list)
    return Contents.map(({ Key = '' }) => Key)
  }
  /** What is still to be sent. */
  const left = async () => (await objects()).filter((key) => !key.includes('/lease/'))
  /** Removes it, with the leases of who could not end well. */
  const clear = async (): Promise<void> => {
    for (const Key of await objects()) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  const isDone = async () => (await left()).length === 0

  beforeAll(async () => {
    const { emulator, stackName, outputs } = deployed()
    s3 = s3Client(emulator)
    Bucket = outputs.BucketName
    sender = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryEvents')
    receive = await createEventQueue(emulator, 'registry-events')
    hooks = await listenForEvents((_, response) => response.end())
    const document = join(files.path, 'receivers.json')
    const hook = { name: 'hooks', url: hooks.url, private: ['127.0.0.1'], kinds: ['push'] }
    const receivers = [
      { ...hook, secret: 'env:SLIPWAY_EVENT_HOOKS' },
      { name: 'bus', url: BUS },
    ]
    writeFileSync(document, JSON.stringify({ version: 1, search: true, receivers }))
    await deployed().slipway(`events set ${document}`)
    session = await startSession(deployed(), NAME)
  })
  afterAll(() => {
    s3?.destroy()
    hooks?.close()
  })

  test('a push arrives in the queue, with the detail of ECR', async () => {
    const { digest } = await session.pushImage('v1', randomBytes(1000))
    const [event] = await arrive(1)
    assert.ok(event)
    const { id, detail } = event
    assert.equal(event.source, 'slipway')
    assert.equal(event['detail-type'], 'ECR Image Action')
    assert.ok(id)
    assert.match(`${detail.id}`, /^[0-9a-f-]{36}$/)
    assert.deepEqual(detail, {
      result: 'SUCCESS',
      'repository-name': NAME,
      'image-digest': digest,
      'action-type': 'PUSH',
      'image-tag': 'v1',
      'manifest-media-type': mediaTypes.manifest,
      'artifact-media-type': mediaTypes.config,
      id: detail.id,
      actor: deployed().admin.name,
    })
    await until(isDone)
  })

  test('so do a tag that moves, which is not for that rule, and deletes', async () => {
    const { digest } = await session.pushImage('v1', randomBytes(1000))
    assert.equal((await session.send('DELETE', 'manifests/v1')).status, 202)
    assert.equal((await session.send('DELETE', `manifests/${digest}`)).status, 202)
    const events = await arrive(3)
    const told = events.map(({ detail }) => [
      detail['action-type'],
      detail['image-tag'] ?? detail['image-digest'],
    ])
    assert.deepEqual(
      told.sort(),
      [
        ['DELETE', digest],
        ['DELETE', 'v1'],
        ['PUSH', 'v1'],
      ].sort(),
    )
    await until(isDone)
  })

  test('a webhook is signed with the secret', () => {
    // Blobs, too.
    assert.ok(hooks.received.length >= 6)
    for (const { headers, body } of hooks.received) {
      const time = Number(headers['webhook-timestamp']) * 1000
      const expected = webhookHeaders(`${headers['webhook-id']}`, body, time, [KEY])
      assert.equal(headers['webhook-signature'], expected['webhook-signature'])
      assert.equal(JSON.parse(body).source, `http://${deployed().address}`)
    }
  })

  test('the log has no complaints', async () => {
    const { emulator, stackName } = deployed()
    const group = await idOf(emulator, stackName, 'AWS::Logs::LogGroup', 'RegistryEvents')
    const lines = (await logMessages(emulator, group)).filter((line) => line.startsWith('{'))
    assert.deepEqual(lines, [])
  })

  describe('where S3 tells nobody', () => {
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    /** Puts a record as a request does. */
    const recordThat = async (facts: Partial<EventRecord>): Promise<void> => {
      const made = recordOf({ at: Date.now(), ...facts })
      await put(outboxKey(made), JSON.stringify(made))
    }
    const record = () => recordThat({ proof: { key: proof } })
    /** A whole repository was deleted: its note is there. */
    const recordDelete = async (): Promise<void> => {
      const key = deletedRepositoryKey('events/gone')
      await put(key, '{}')
      await recordThat({ action: 'delete', target: undefined, proof: { key } })
    }
    beforeAll(async () => {
      const { emulator, stackName } = deployed()
      const { digest } = await session.pushImage('v2', randomBytes(1000))
      proof = revisionLinkKey(NAME, digest)
      assert.equal((await arrive(1)).length, 1)
      await until(isDone)
      const Name = await idOf(emulator, stackName, 'AWS::Events::Rule', 'RegistryEventsRecorded')
      await eventBridge(emulator, 'DisableRule', { Name })
    })

    test('the schedule sends it', async () => {
      await record()
      assert.equal((await left()).length, 1)
      assert.equal(await invoke(deployed().emulator, sender, SCHEDULED), undefined)
      assert.equal((await arrive(1)).length, 1)
      assert.deepEqual(await left(), [])
    })

    test('it needs the permissions of its policy', { timeout: 300_000 }, async () => {
      const { emulator, stackName } = deployed()
      const policy = await rolePolicy(emulator, stackName, ROLES.events)
      const send = () => invoke(emulator, sender, SCHEDULED)
      // So that nothing read before is in its memory.
      const restart = () =>
        awsPut(emulator, 'lambda', `/2015-03-31/functions/${sender}/configuration`, {
          Timeout: 300,
        })
      const idle: string[] = []
      for (const { what, policy: without } of shortened(policy.document)) {
        await policy.replace(without)
        await restart()
        await record()
        await recordDelete()
        if ((await send()) === undefined && (await isDone())) idle.push(what)
        await clear()
      }
      await policy.replace(policy.document)
      await restart()
      await record()
      await recordDelete()
      assert.equal(await send(), undefined)
      assert.ok(await isDone())
      assert.deepEqual(idle, IDLE)
    })
  })
})
