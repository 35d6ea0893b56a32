/**
 * The record of pulls of a deployed stack with `pulls=on` and `gc=on`: a pull by tag or digest comes through the log of
 * the API to the function that records it, and rules of the clean-up go by that; and each permission is needed.
 *
 * Days pass by making everything in the bucket older (support/aging.py): rules go by the dates of S3.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { PULLS_SINCE_KEY, pulledKey, RETENTION_KEY } from '../../functions/registry/layout.ts'
import { batchOf } from '../support/hosts/log-batch.ts'
import { eventually, until } from '../support/until.ts'
import { s3Client } from './support/clients.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { age, startAgingMiniStack } from './support/emulator.ts'
import { idOf, invoke } from './support/invoke.ts'
import { logMessages, subscriptionFilters } from './support/logs.ts'
import { ROLES, rolePolicy, shortened } from './support/role.ts'
import { type Session, startSession } from './support/session.ts'

const DAY = 24 * 60 * 60

/** A name that also lines of other kinds have a word of: those of requests. */
const NAME = 'pulled/image'

const RULES = [
  { name: 'in use', repositories: ['pulled/*'], tags: ['*'], keep: { pulledWithin: '2d' } },
  { name: 'all', repositories: ['pulled/*'], tags: ['*'], remove: 'always' },
]

const deployed = useDeployment(startAgingMiniStack, {
  ...MINISTACK,
  context: {
    ...MINISTACK.context,
    ...{ gc: 'on', gcGrace: '1h', undeleteDays: '1' },
    ...{ pulls: 'on', pullsExcept: 'user:scanner' },
  },
})

describe('the record of pulls of a deployed stack', () => {
  let s3: S3Client
  let Bucket = ''
  let recorder = ''
  let session: Session
  const images = new Map<string, string>()
  const scanner = { name: 'scanner', password: 'a password of no worth' }

  const pass = (days: number) => age(deployed().emulator, days * DAY)
  const cleanUp = async () => {
    const { emulator, stackName } = deployed()
    const name = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryCleanUp')
    return invoke(emulator, name, { now: true })
  }
  const isThere = async (Key: string) =>
    s3.send(new HeadObjectCommand({ Bucket, Key })).then(
      () => true,
      () => false,
    )
  const isRecorded = (tag: string) => isThere(pulledKey(NAME, images.get(tag) ?? ''))
  const tags = async (): Promise<string[]> => {
    const answer = await (await startSession(deployed(), NAME)).send('GET', 'tags/list')
    return ((await answer.json()) as { tags: string[] }).tags.sort()
  }

  /** A new account is known within half a minute. */
  const sessionOf = (admin: typeof scanner): Promise<Session> =>
    eventually(() => startSession({ ...deployed(), admin }, NAME))

  beforeAll(async () => {
    const { emulator, stackName, outputs } = deployed()
    s3 = s3Client(emulator)
    Bucket = outputs.BucketName
    recorder = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryPulls')
    await deployed().slipway('user add scanner --password-stdin', `${scanner.password}\n`)
    session = await startSession(deployed(), NAME)
    for (const tag of ['by-digest', 'by-head', 'by-tag', 'never']) {
      images.set(tag, (await session.pushImage(tag, randomBytes(1000))).digest)
    }
    // A clean-up takes no more than half.
    const others = await startSession(deployed(), 'others/image')
    for (let at = 0; at < 5; at++) await others.pushImage(`v${at}`, randomBytes(1000))
    const rules = JSON.stringify({ version: 1, rules: RULES })
    await s3.send(new PutObjectCommand({ Bucket, Key: RETENTION_KEY, Body: rules }))
    // Raises the fence.
    assert.equal(await cleanUp(), undefined)
  })
  afterAll(() => s3?.destroy())

  test('its schedule says since when; here, for a month', async () => {
    const schedule = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }
    assert.equal(await invoke(deployed().emulator, recorder, schedule), undefined)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: PULLS_SINCE_KEY }))
    const said = JSON.parse((await Body?.transformToString()) ?? '')
    const since = new Date(Date.parse(said.since) - 30 * DAY * 1000).toISOString()
    const body = JSON.stringify({ ...said, since })
    await s3.send(new PutObjectCommand({ Bucket, Key: PULLS_SINCE_KEY, Body: body }))
  })

  test('pulls by tag, by digest and by HEAD are recorded, and not those of a scanner', async () => {
    await pass(5)
    for (const each of images.keys()) assert.equal(await isRecorded(each), false)
    const scanning = await sessionOf(scanner)
    assert.equal((await scanning.send('GET', 'manifests/never')).status, 200)
    assert.equal((await session.send('GET', 'manifests/by-tag')).status, 200)
    assert.equal((await session.send('GET', `manifests/${images.get('by-digest')}`)).status, 200)
    assert.equal((await session.send('HEAD', 'manifests/by-head')).status, 200)
    assert.equal((await session.send('GET', 'manifests/none')).status, 404)
    await until(async () => {
      const found = await Promise.all(['by-tag', 'by-digest', 'by-head'].map(isRecorded))
      return found.every(Boolean)
    })
    assert.equal(await isRecorded('never'), false)
  })

  test('its own log has no subscription, the one of the API has one', async () => {
    const { emulator, stackName } = deployed()
    const group = (name: string) => idOf(emulator, stackName, 'AWS::Logs::LogGroup', name)
    assert.equal((await subscriptionFilters(emulator, await group('RegistryApi'))).length, 1)
    const own = await group('RegistryPulls')
    assert.deepEqual(await subscriptionFilters(emulator, own), [])
    const complaints = (await logMessages(emulator, own)).filter((line) => line.startsWith('{'))
    assert.deepEqual(complaints, [])
  })

  test('a clean-up keeps what was pulled, until that was long ago', async () => {
    assert.equal(await cleanUp(), undefined)
    assert.deepEqual(await tags(), ['by-digest', 'by-head', 'by-tag'])
    await pass(4)
    assert.equal(await cleanUp(), undefined)
    assert.deepEqual(await tags(), [])
  })

  test('needs the permissions of its policy', async () => {
    const { emulator, stackName } = deployed()
    const policy = await rolePolicy(emulator, stackName, ROLES.pulls)
    const record = () => {
      const pulled = {
        repository: 'other/image',
        digest: `sha256:${randomBytes(32).toString('hex')}`,
      }
      return invoke(emulator, recorder, {
        awslogs: { data: batchOf([JSON.stringify({ pulled })]) },
      })
    }
    assert.equal(await record(), undefined)
    const idle: string[] = []
    for (const { what, policy: without } of shortened(policy.document)) {
      await policy.replace(without)
      if ((await record()) === undefined) idle.push(what)
    }
    await policy.replace(policy.document)
    assert.equal(await record(), undefined)
    assert.deepEqual(idle, [
      // Without it S3 answers 403 for a record that is not there, the emulator 404; see test/lib/pulls.test.ts.
      'List: s3:ListBucket',
      // The emulator writes logs itself; Lambda does it with the rights of the role.
      'Log: logs:CreateLogStream',
      'Log: logs:PutLogEvents',
    ])
  })
})
