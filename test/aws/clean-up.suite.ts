/**
 * The clean-up of a deployed stack with `gc=on`, with policies enforced: its function removes what nothing needs from
 * the bucket, which the role of the API could not; and each of its permissions is needed.
 *
 * Days pass by making everything in the bucket older (support/aging.py): the clean-up goes by the dates of S3.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { scheduledCleanUp } from '../../functions/compose/aws/scheduled-clean-up.ts'
import { timesOf } from '../../functions/registry/clean-up/terms.ts'
import { RETENTION_KEY, SCRATCH_PREFIX } from '../../functions/registry/layout.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { digestOf, mediaTypes } from '../conformance/client.ts'
import { blob, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { silent } from '../support/hosts/start.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushImage, pushManifest } from '../support/rig/push.ts'
import { s3Client } from './support/clients.ts'
import { MINISTACK, useDeployment } from './support/deployment.ts'
import { age, type Emulator, startAgingMiniStack } from './support/emulator.ts'
import { idOf, invoke } from './support/invoke.ts'
import { logMessages } from './support/logs.ts'
import {
  asUserWith,
  type PolicyDocument,
  ROLES,
  type RolePolicy,
  rolePolicy,
  shortened,
  startUser,
} from './support/role.ts'
import { type Session, startSession } from './support/session.ts'

const DAY = 24 * 60 * 60

const anyBlob = (size: number) => blob(randomUUID(), size)

/**
 * Permissions without which no run can end. The others are for what not every run meets: that they are used, each, is
 * seen in test/lib/clean-up.test.ts, on a model.
 */
const EVERY_RUN =
  /^(?:Blobs: s3:(?:GetObject|DeleteObjectVersion)|Links: s3:\w+|Notes: .*|Fence: s3:GetObject|Rules: s3:GetObject|List: s3:ListBucket)$/

const RULES = [
  { name: 'old', repositories: ['rules/*'], tags: ['old'], remove: { notPulledFor: '1d' } },
  { name: 'loose', repositories: ['rules/*'], untagged: true, remove: { notPushedFor: '1d' } },
]

/**
 * The store for this process: by a user with the policy of the role for runs, since a function that has failed starts
 * anew in MiniStack, and tries conditional deletes again by 1,200 requests, which none does on AWS; and by root for
 * pushes of which no function is the subject.
 */
const storeAs = ({ endpoint, region, env }: Emulator, bucket: string): ObjectStore => {
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
  }
  const at = { endpoint, region, credentials, forcePathStyle: true }
  const { losesWrites: _, ...store } = createS3Store({ bucket, scratch: SCRATCH_PREFIX, ...at })
  return store
}

const deployed = useDeployment(startAgingMiniStack, {
  ...MINISTACK,
  context: { ...MINISTACK.context, gc: 'on', gcGrace: '1h', undeleteDays: '1' },
})

describe('the clean-up of a deployed stack', () => {
  let s3: S3Client
  let Bucket = ''
  let name = ''
  let kept: Session
  let policy: RolePolicy
  let image: Awaited<ReturnType<Session['pushImage']>>

  const now = () => invoke(deployed().emulator, name, { now: true })
  const pass = (days: number) => age(deployed().emulator, days * DAY)
  /** A registry in this process: a new one where days have passed, since it remembers links for seconds. */
  const registryHere = (): Promise<Send> =>
    clientOf(storeAs(deployed().emulator, Bucket), { cleanUp: true, undeletes: true })
  const versionsOf = async (digest: string) => {
    const hex = digest.slice('sha256:'.length)
    const Prefix = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }))
    return Versions
  }

  beforeAll(async () => {
    const { emulator, stackName, outputs } = deployed()
    s3 = s3Client(emulator)
    Bucket = outputs.BucketName
    name = await idOf(emulator, stackName, 'AWS::Lambda::Function', 'RegistryCleanUp')
    policy = await rolePolicy(emulator, stackName, ROLES.cleanUp)
    const send = await registryHere()
    // Much more than what goes.
    for (let at = 0; at < 12; at++) {
      await pushImage(send, 'kept/image', `v${at}`, [anyBlob(20_000)])
    }
    kept = await startSession(deployed(), 'kept/image')
    image = await kept.pushImage('v1', randomBytes(300_000))
  })
  afterAll(() => s3?.destroy())

  /** Something for each kind of step. @returns the digest of a layer that nothing needs any more */
  const makeGarbage = async (): Promise<string> => {
    const session = await startSession(deployed(), 'garbage/image')
    const { layer, digest } = await session.pushImage('v1', randomBytes(500))
    assert.equal((await session.send('DELETE', `manifests/${digest}`)).status, 202)
    await session.pushBlob(randomBytes(100))
    // Anew each time: tokens last for minutes.
    const rules = await startSession(deployed(), 'rules/image')
    const old = await rules.pushImage('old', randomBytes(100))
    const refers = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: 'application/x.test',
      config: {
        mediaType: mediaTypes.config,
        digest: await rules.pushBlob(Buffer.from(randomBytes(8).toString('hex'))),
        size: 16,
      },
      layers: [],
      subject: { mediaType: mediaTypes.manifest, digest: old.digest, size: old.manifest.length },
    }
    const body = JSON.stringify(refers)
    const path = `manifests/${digestOf(Buffer.from(body))}`
    const headers = { 'content-type': mediaTypes.manifest }
    assert.equal((await rules.send('PUT', path, { headers, body })).status, 201)
    return digestOf(layer)
  }

  /** The same without the function of the API, which takes longer. */
  const makeGarbageHere = async (): Promise<void> => {
    const send = await registryHere()
    const gone = await pushImage(send, 'garbage/here', 'v1', [anyBlob(500)])
    await expectStatus(202, send(`DELETE /v2/garbage/here/manifests/${gone.sha256}`))
    await pushAtOnce(send, 'garbage/here', anyBlob(100))
    const old = await pushImage(send, 'rules/here', 'old', [anyBlob(100)])
    const refers = imageOf([], { subject: descriptorOf(mediaTypes.manifest, old) })
    await pushManifest(send, 'rules/here', refers.sha256, refers)
  }

  test('its first call raises the fence, and waits for an hour', async () => {
    assert.equal(await now(), undefined)
    await pass(1)
  })

  test('bytes that nothing needs are gone from the bucket, with all versions; what is needed stays', async () => {
    const gone = await makeGarbage()
    // As two pushes at the same moment would write it.
    const [{ Key } = {}] = await versionsOf(gone)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    const bytes = await Body?.transformToByteArray()
    assert.ok(bytes)
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: bytes }))
    assert.equal((await versionsOf(gone)).length, 2)
    let calls = 0
    for (; (await versionsOf(gone)).length > 0; calls++) {
      assert.ok(calls < 12, 'it is still there')
      await pass(2)
      assert.equal(await now(), undefined)
    }
    // The manifest; then the link, condemned and removed; then the bytes, in the same way.
    assert.ok(calls >= 4, `${calls} calls`)
    const answer = await kept.send('GET', `blobs/${digestOf(image.layer)}`)
    const whole = await fetch(answer.headers.get('location') ?? '')
    assert.ok(image.layer.equals(Buffer.from(await whole.arrayBuffer())))

    const { emulator, stackName } = deployed()
    const log = await idOf(emulator, stackName, 'AWS::Logs::LogGroup', 'RegistryCleanUp')
    const lines = (await logMessages(emulator, log))
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
    const audited = lines.filter(({ audit }) => audit?.who === 'clean-up' && audit.what === gone)
    // The older version shows up once the newer has gone.
    assert.equal(audited.length, 2)
    const sums = lines.filter(({ msg }) => msg === 'clean-up')
    assert.ok(sums.some(({ outcome, done }) => outcome === 'done' && done['remove-data']))
  })

  test('bytes stay as old versions only of what was pushed again and is needed', async () => {
    const versions = async (Prefix: string) => {
      const found = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }))
      assert.equal(found.IsTruncated ?? false, false)
      const { Versions = [], DeleteMarkers = [] } = found
      return { old: Versions.filter(({ IsLatest }) => !IsLatest), DeleteMarkers }
    }
    const blobs = await versions('docker/registry/v2/blobs/')
    assert.deepEqual(blobs.DeleteMarkers, [])
    // The configuration, which each push of the session sends anew.
    const config = await versionsOf(JSON.parse(`${image.manifest}`).config.digest)
    assert.deepEqual(
      new Set(blobs.old.map(({ Key }) => Key)),
      new Set(config.map(({ Key }) => Key)),
    )
    for (const Prefix of ['docker/registry/v2/repositories/', 'slipway/v1/condemned/']) {
      const { old } = await versions(Prefix)
      assert.ok(old.length > 0, Prefix)
      for (const { Key, Size = 0 } of old) assert.ok(Size < 5000, `${Key} has ${Size} bytes`)
    }
  })

  test('it does nothing when it is not time', async () => {
    assert.equal(await invoke(deployed().emulator, name, {}), undefined)
  })

  test('the role of the API could not have done it, and the one of the clean-up writes no bytes', async () => {
    const { emulator, stackName } = deployed()
    const [{ Key, VersionId } = {}] = await versionsOf(digestOf(image.layer))
    const registry = await rolePolicy(emulator, stackName)
    const asUser = async (id: string, document: PolicyDocument) =>
      s3Client(await asUserWith(emulator, id, document))
    const asRegistry = await asUser('as-registry', registry.document)
    const asCleanUp = await asUser('as-clean-up', policy.document)
    await asRegistry.send(new HeadObjectCommand({ Bucket, Key }))
    await asCleanUp.send(new HeadObjectCommand({ Bucket, Key }))
    const refused = [
      () => asRegistry.send(new DeleteObjectCommand({ Bucket, Key })),
      () => asRegistry.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
      () => asCleanUp.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })),
    ]
    for (const each of refused) await assert.rejects(each, /AccessDenied|not authorized/)
    await asCleanUp.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    assert.deepEqual(await versionsOf(digestOf(image.layer)), [])
    for (const each of [asRegistry, asCleanUp]) each.destroy()
    assert.equal((await kept.send('DELETE', 'manifests/v1')).status, 202)
  })

  test('what it does needs the permissions of its policy', async () => {
    const document = JSON.stringify({ version: 1, rules: RULES })
    await s3.send(new PutObjectCommand({ Bucket, Key: RETENTION_KEY, Body: document }))
    const { emulator, outputs } = deployed()
    const user = await startUser(emulator, 'runs', policy.document)
    const store = storeAs(user.emulator, outputs.BucketName)
    const options = { times: timesOf(60 * 60, 1), logger: silent, audit: () => {} }
    const invocation = { name: 'user', now: true, isOver: () => false, clock: Date.now }
    const runAs = async (of: PolicyDocument): Promise<void> => {
      await user.replace(of)
      await scheduledCleanUp(store, options, invocation)
    }
    // So that each run has something of each kind to do.
    const passDays = async () => {
      await makeGarbageHere()
      await pass(2)
    }
    for (let round = 0; round < 6; round++) {
      await passDays()
      await runAs(policy.document)
    }
    const needed = shortened(policy.document).filter(({ what }) => EVERY_RUN.test(what))
    assert.ok(needed.length >= 13, needed.map(({ what }) => what).join())
    for (const { what, policy: without } of needed) {
      await passDays()
      await assert.rejects(runAs(without), /AccessDenied|UnknownError/, what)
      await runAs(policy.document)
    }
  })

  test('a clean-up that would take more than half is refused, and that is an error', async () => {
    const { emulator, stackName } = deployed()
    for (const name of ['kept/image', 'rules/image']) {
      const session = await startSession(deployed(), name)
      const { tags = [] } = (await (await session.send('GET', 'tags/list')).json()) as {
        tags?: string[]
      }
      for (const tag of tags) {
        const digest = (await session.send('HEAD', `manifests/${tag}`)).headers.get(
          'docker-content-digest',
        )
        await session.send('DELETE', `manifests/${digest}`)
      }
    }
    await pass(2)
    assert.match((await now()) ?? '', /^the clean-up would take \d+ of \d+ /)
    const log = await idOf(emulator, stackName, 'AWS::Logs::LogGroup', 'RegistryCleanUp')
    const lines = await logMessages(emulator, log)
    assert.ok(lines.some((line) => /"level":"error".*it would take more than half/.test(line)))
  })

  test('with a permission less its function fails', async () => {
    // One that it needs before it tries conditional deletes: having failed, it starts anew.
    const what = 'Notes: s3:PutObject'
    const less = shortened(policy.document).find((each) => each.what === what)
    assert.ok(less)
    await policy.replace(less.policy)
    assert.match((await now()) ?? '', /put slipway\/v1\/clean-up\/.*AccessDenied/)
    await policy.replace(policy.document)
  })
})
