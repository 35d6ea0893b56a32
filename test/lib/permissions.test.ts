/**
 * The role of the function: it may do what the registry does in its store, and no more.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { OPERATIONS } from '../../functions/api/admin/operations.ts'
import { createApp } from '../../functions/api/app.ts'
import type { AdminDesk } from '../../functions/api/env.ts'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { createStoredKeys, storedSigningKeys } from '../../functions/auth/keys/stored-keys.ts'
import { openAccess } from '../../functions/compose/open-access.ts'
import { openEvents } from '../../functions/compose/open-events.ts'
import { openQuotas } from '../../functions/compose/open-quotas.ts'
import { createUploadSecret, openUploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { openBrowser } from '../../functions/page/browser.ts'
import { raisingFence } from '../../functions/registry/clean-up/fence.ts'
import { newNonce, writeMarker } from '../../functions/registry/clean-up/marker.ts'
import {
  BLOBS_PREFIX,
  EVENT_RECEIVERS_KEY,
  QUOTAS_KEY,
  SIGNING_KEYS_KEY,
  UPLOAD_SECRET_KEY,
} from '../../functions/registry/layout.ts'
import { hexOf } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { createReplicaStore } from '../../functions/storage/replica.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { administer } from '../access/administer.ts'
import { writeDocuments } from '../access/rig.ts'
import { blob, CONFIG, type Content, descriptorOf, imageOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { ask, silent, temporaryDirectory } from '../support/hosts/start.ts'
import {
  clientOf,
  expectStatus,
  locationOf,
  requestLine,
  type Send,
} from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import {
  begin,
  pushAsContainerd,
  pushAsDocker,
  pushAtOnce,
  pushImage,
  pushManifest,
} from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { ofType, only, part, type Statement, statementsOf, synth } from './synth.ts'
import { allows, BUCKET, on, type Use, usesOf } from './uses.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'

const statements = (context: Readonly<Record<string, string>> = {}): Statement[] => {
  const template = synth({ bucket: 'there-already', prefix: 'registry', ...context })
  return statementsOf(only(template, 'AWS::IAM::Policy').PolicyDocument)
}

/** A registry whose store asks a policy first, and what was used of it. */
const guarded = async (
  policy: readonly Statement[],
  readOnly = false,
  keysInStore = false,
  administers = false,
) => {
  const { store: files, close } = await openFiles()
  const { path, remove } = await temporaryDirectory()
  afterAll(async () => {
    await close()
    await remove()
  })
  const used = new Set<string>()
  const presigning: ObjectStore = {
    ...files,
    presignPart: async (upload) => ({ url: upload.id, headers: {} }),
    provesParts: async () => true,
  }
  const store: ObjectStore = intercept(presigning, async (call, proceed) => {
    for (const use of usesOf(call)) {
      const statement = policy.find((each) => allows(each, use))
      assert.ok(statement, `${use.action} on ${use.resource} ${use.prefix ?? ''} is not allowed`)
      used.add(`${statement.sid} ${use.action}`)
    }
    return proceed()
  })
  const elsewhere = keysInStore ? [] : ['--signing-key', join(path, 'key.pem')]
  const settings = readSettings(
    ['--auth', 'token', '--store', 's3://there-already/registry', ...elsewhere],
    {},
  )
  if (keysInStore)
    await Promise.all([createStoredKeys(files, Date.now()), createUploadSecret(files)])
  const { isSetUp: _, ...access } = await openAccess(settings, {}, store, silent, false)
  const events = openEvents(store, { logger: silent, audit: () => {} })
  const desk: AdminDesk = {
    store,
    now: Date.now,
    hashPassword: (password) => hashPassword(password, 4),
    policyInFile: false,
    grace: settings['gc-grace'],
    events,
  }
  const registry = createRegistry({
    store,
    uploadSecret: keysInStore
      ? openUploadSecret(settings, {}, store)
      : async () => new Uint8Array(32),
    undeletes: true,
    quotas: openQuotas(store, silent, () => {}),
    events,
    cleanUp: raisingFence(store, (error) => {
      throw error
    }),
  })
  const app = createApp({
    ...access,
    admin: administers ? desk : undefined,
    undeleteDays: 14,
    registry,
    browse: async () => openBrowser(store, registry),
    index: async () => openCurrent(store),
    logger: silent,
    redirects: false,
    redirectHeads: false,
    readOnly,
  })
  const as =
    (authorization: string): Send =>
    (request, body, headers) =>
      ask(app, {
        ...requestLine(request),
        body,
        headers: { ...headers, Authorization: authorization },
      })
  const basic = (name: string, password: string): string =>
    `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
  const receivers = { version: 1, receivers: [{ name: 'all', url: 'https://events.example/' }] }
  await files.put(EVENT_RECEIVERS_KEY, Buffer.from(JSON.stringify(receivers)))
  const secrets = await writeDocuments(
    files,
    {
      users: { alice: 'secret of alice' },
      groups: { dev: ['alice'] },
      robots: ['ci'],
      policy: [
        { who: ['group:dev', 'robot:ci'], repositories: ['**'], actions: ['*'] },
        { who: ['user:alice'], repositories: ['**'], actions: ['admin'] },
      ].slice(0, administers ? 2 : 1),
    },
    Date.now(),
  )
  return {
    used,
    files,
    alice: as(basic('alice', 'secret of alice')),
    robot: as(basic('robot+ci', secrets.get('ci') ?? '')),
    bearer: as('Bearer not.a.token'),
    guesser: as(basic('alice', 'a guess')),
  }
}

const MEBIBYTE = 1024 * 1024
const layer = blob('layer', 300_000)
/** More than a part. */
const large = blob('large', 17 * MEBIBYTE)

/** Chunks with Content-Range, as regctl sends them. */
const pushInChunks = async (send: Send, name: string, bytes: Buffer, digest: string) => {
  let at = await begin(send, name)
  for (let start = 0; start < bytes.length; start += 5 * MEBIBYTE) {
    const chunk = bytes.subarray(start, start + 5 * MEBIBYTE)
    const range = { 'Content-Range': `${start}-${start + chunk.length - 1}` }
    at = await expectStatus(202, send(`PATCH ${locationOf(at)}`, chunk, range))
  }
  await expectStatus(204, send(`GET ${locationOf(at)}`))
  await expectStatus(201, send(`PUT ${locationOf(at, `digest=${digest}`)}`))
}

/** Asks for the only part of a blob, and commits without it. */
const askForParts = async (send: Send, { bytes, sha256: digest }: Content): Promise<Answer> => {
  const parts = [{ number: 1, sha256: hexOf(digest) }]
  const wanted = JSON.stringify({ digest, size: bytes.length, partSize: bytes.length, parts })
  const begun = await begin(send, 'a/b')
  const asked = await expectStatus(200, send(`POST ${locationOf(begun)}`, Buffer.from(wanted)))
  return send(`PUT ${locationOf(asked, `digest=${digest}`)}`)
}

/** Everything that a registry is asked. */
const useAll = async ({
  alice: send,
  robot,
  bearer,
  guesser,
  files,
}: Awaited<ReturnType<typeof guarded>>) => {
  const quotas = { version: 1, quotas: [{ repositories: ['a/**'], hard: '1 GB' }] }
  await files.put(QUOTAS_KEY, Buffer.from(JSON.stringify(quotas)))
  await expectStatus(401, bearer('GET /v2/'))
  await expectStatus(401, guesser('GET /v2/'))
  await expectStatus(200, robot('GET /v2/'))
  await expectStatus(200, send('GET /token?service=slipway&scope=repository:a/b:pull'))
  await expectStatus(404, send('GET /v2/a/b/manifests/none'))
  await expectStatus(404, send(`GET /v2/a/b/blobs/${layer.sha256}`))
  const image = await pushImage(send, 'a/b', 'v1', [layer])
  await pushAsDocker(send, 'a/c', large)
  await pushInChunks(
    send,
    'a/d',
    blob('chunks', 17 * MEBIBYTE).bytes,
    blob('chunks', 17 * MEBIBYTE).sha256,
  )
  await pushAsDocker(send, 'a/d', blob('small', 1000))
  await pushAtOnce(send, 'a/d', blob('one', 13 * MEBIBYTE))
  await expectStatus(201, send(`POST /v2/a/e/blobs/uploads/?mount=${layer.sha256}&from=a/b`))
  const sha512 = `sha512:${createHash('sha512').update('other').digest('hex')}`
  await expectStatus(
    201,
    send(`POST /v2/a/b/blobs/uploads/?digest=${sha512}`, Buffer.from('other')),
  )
  await expectStatus(201, send(`POST /v2/a/e/blobs/uploads/?mount=${sha512}&from=a/b`))
  const unknown = `sha512:${createHash('sha512').update('unknown').digest('hex')}`
  await expectStatus(202, send(`POST /v2/a/e/blobs/uploads/?mount=${unknown}`))
  const other = blob('other', 13 * MEBIBYTE)
  await expectStatus(400, send(`POST /v2/a/b/blobs/uploads/?digest=${other.sha256}`, large.bytes))
  const begun = await begin(send, 'a/f')
  const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, large.bytes))
  await expectStatus(204, send(`DELETE ${locationOf(patched)}`))
  await expectStatus(400, askForParts(send, blob('parts', 100)))
  await pushAsContainerd(send, 'a/b', CONFIG)
  const subject = descriptorOf('application/vnd.oci.image.manifest.v1+json', image)
  const referrer = imageOf([], { subject, artifactType: 'application/x.test' })
  await pushManifest(send, 'a/b', referrer.sha256, referrer)
  // So many that a page of them is kept.
  for (let at = 0; at < 8; at += 1) {
    const another = imageOf([], { subject, artifactType: `application/x.test${at}` })
    await pushManifest(send, 'a/b', another.sha256, another)
  }
  for (const target of [
    '/v2/_catalog',
    '/v1/search?q=a',
    '/v2/a/b/tags/list',
    '/v2/a/b/manifests/v1',
    `/v2/a/b/blobs/${layer.sha256}`,
    `/v2/a/b/blobs/${sha512}`,
    `/v2/a/b/referrers/${image.sha256}`,
  ]) {
    await expectStatus(200, send(`GET ${target}`))
  }
  const doomed = { state: 'condemned', nonce: newNonce() } as const
  await writeMarker(files, layer.sha256, doomed, { ifNoneMatch: '*' })
  await expectStatus(201, send(`POST /v2/a/g/blobs/uploads/?mount=${layer.sha256}&from=a/b`))
  await expectStatus(202, send(`DELETE /v2/a/b/manifests/${referrer.sha256}`))
  await expectStatus(202, send('DELETE /v2/a/b/manifests/v1'))
  await expectStatus(202, send(`DELETE /v2/a/b/manifests/${image.sha256}`))
  await expectStatus(202, send(`DELETE /v2/a/b/blobs/${layer.sha256}`))
}

describe('the role of the function', () => {
  const policy = statements()
  const inS3 = policy.filter((each) => each.actions.every((action) => action.startsWith('s3:')))

  test('may do in the bucket what the registry does, and nothing that it does not', async () => {
    const registry = await guarded(policy)
    await useAll(registry)
    const granted = inS3.flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))
    assert.deepEqual([...registry.used].sort(), granted.sort())
  })

  describe('with an admin API', () => {
    const own = statements({ adminApi: 'on' })

    test('may also do what that does, and nothing that it does not', async () => {
      const registry = await guarded(own, false, false, true)
      const done = await administer(registry.alice, registry.files)
      assert.deepEqual([...done].sort(), OPERATIONS.map(({ id }) => id).sort())
      const less = new Set(policy.map(({ sid }) => sid))
      const more = own.filter(({ sid }) => !less.has(sid))
      const granted = more.flatMap(({ sid, actions }) => actions.map((each) => `${sid} ${each}`))
      const used = [...registry.used].filter((each) => !less.has(each.split(' ')[0]!))
      assert.deepEqual(used.sort(), granted.sort())
      assert.deepEqual(
        own.filter(({ sid }) => less.has(sid)),
        policy,
      )
    })

    test('beside a page may do no more', () => {
      const both = statements({ adminApi: 'on', page: 'on' }).flatMap((each) => each.actions)
      const alone = own.flatMap((each) => each.actions)
      assert.deepEqual([...new Set(both)].sort(), [...new Set(alone)].sort())
    })

    test('may not read keys, remove bytes or old versions', () => {
      for (const use of [
        on('GetObject', SIGNING_KEYS_KEY),
        on('PutObject', SIGNING_KEYS_KEY),
        on('DeleteObject', 'slipway/v1/config/policy'),
        on('DeleteObject', 'docker/registry/v2/blobs/sha256/ab/abc/data'),
        on('DeleteObjectVersion', 'docker/registry/v2/repositories/a/x'),
      ]) {
        assert.ok(!own.some((each) => allows(each, use)))
      }
    })

    test('may change nothing where the registry is read-only', () => {
      const actions = statements({ adminApi: 'on', readOnly: 'on' }).flatMap((each) => each.actions)
      assert.deepEqual([...new Set(actions)].filter((action) => action.startsWith('s3:')).sort(), [
        's3:GetObject',
        's3:ListBucket',
        's3:ListBucketMultipartUploads',
      ])
    })
  })

  test('with a page may also do what that does, and nothing that it does not', async () => {
    const own = statements({ page: 'on' })
    const { alice, used } = await guarded(own)
    const image = await pushImage(alice, 'a/b', 'v1', [blob('layer of a page', 1000)])
    for (const path of ['catalog?sort=size', 'tags/a/b', `images/a/b?reference=${image.sha256}`]) {
      await expectStatus(200, alice(`GET /api/v1/${path}`))
    }
    assert.deepEqual(
      own.filter((each) => !policy.some(({ sid }) => sid === each.sid)).map(({ sid }) => sid),
      ['Shown'],
    )
    assert.ok(used.has('Shown s3:GetObject'))
  })

  describe('with keys in the bucket', () => {
    const inBucket = statements({ keys: 'bucket' })

    test('may read them, and nothing more than otherwise', async () => {
      const registry = await guarded(inBucket, false, true)
      await useAll(registry)
      assert.ok(registry.used.has('Keys s3:GetObject'))
      const others = inBucket.filter(({ sid }) => sid !== 'Keys')
      assert.deepEqual(
        others,
        policy.filter(({ actions }) => !actions.some((action) => action.startsWith('kms:'))),
      )
    })

    test('may not write them', () => {
      for (const key of [SIGNING_KEYS_KEY, UPLOAD_SECRET_KEY]) {
        assert.ok(inBucket.some((each) => allows(each, on('GetObject', key))))
        for (const action of ['PutObject', 'DeleteObject']) {
          assert.ok(!inBucket.some((each) => allows(each, on(action, key))))
        }
      }
    })

    test('is told how to get them where there are none', async () => {
      const { store: files, close } = await openFiles()
      const store = intercept(files, async ({ operation }, proceed) => {
        if (operation === 'put') throw new StoreError('unavailable', 'AccessDenied')
        return proceed()
      })
      const keys = storedSigningKeys(store, Date.now)
      await assert.rejects(keys.signer(), /signing-keys is not there and could not be created: Acc/)
      await close()
    })
  })

  test('in a second Region may read the copy, also while the first does not respond, and writes nothing there', async () => {
    const second = statementsOf(
      only(
        synth({ primaryBucket: 'there-already', primaryRegion: 'us-east-1', prefix: 'registry' }),
        'AWS::IAM::Policy',
      ).PolicyDocument,
    )
    const [copy] = second.find(({ sid }) => sid === 'CopyList')!.resources
    const [one, other] = await Promise.all([openFiles(), openFiles()])
    afterAll(() => Promise.all([one.close(), other.close()]))
    const image = await pushImage(await clientOf(one.store), 'a/b', 'v1', [layer])
    await pushImage(await clientOf(other.store), 'a/b', 'v1', [layer])
    const used = new Set<string>()
    const guard = (store: ObjectStore, at: string, isDark: () => boolean) =>
      intercept(store, async (call, proceed) => {
        // The stack has it in KMS.
        if (call.args[0] === UPLOAD_SECRET_KEY) return proceed()
        if (isDark()) throw new StoreError('unavailable', 'dark')
        for (const use of usesOf(call)) {
          const there = { ...use, resource: use.resource.replace(BUCKET, at) }
          const statement = second.find((each) => allows(each, there))
          assert.ok(statement, `${there.action} on ${there.resource} is not allowed`)
          used.add(`${statement.sid} ${there.action}`)
        }
        return proceed()
      })
    let dark = false
    const open = () =>
      clientOf(
        createReplicaStore({
          first: guard(one.store, BUCKET, () => dark),
          near: guard(other.store, copy!, () => false),
          neverChanges: (key) => key.startsWith(BLOBS_PREFIX),
          report: (asked, error) => {
            if (asked === 'near') throw error
          },
        }),
        { authorizer: openAuthorizer },
      )
    const pull = async (send: Send) => {
      await expectStatus(200, send('GET /v2/a/b/manifests/v1'))
      await expectStatus(200, send(`GET /v2/a/b/manifests/${image.sha256}`))
      await expectStatus(200, send(`GET /v2/a/b/blobs/${layer.sha256}`))
      await expectStatus(200, send('GET /v2/a/b/tags/list'))
      await expectStatus(200, send('GET /v2/_catalog'))
      await expectStatus(200, send(`GET /v2/a/b/referrers/${image.sha256}`))
    }
    const send = await open()
    dark = true
    await pull(send)
    dark = false
    await pushImage(await open(), 'a/c', 'v1', [blob('fresh', 1000)])
    await pull(await open())
    assert.ok(used.has('Copy s3:GetObject') && used.has('CopyList s3:ListBucket'))
    assert.ok(used.has('Blobs s3:PutObject'))
  })

  test('may write nothing where the registry is read-only', async () => {
    const readOnly = statements({ readOnly: 'on', kmsKey: KEY })
    const actions = new Set(readOnly.flatMap((each) => each.actions))
    assert.deepEqual(
      [...actions]
        .filter((action) => /^s3:|^kms:(?!Sign|GenerateMac|GetPublicKey)/.test(action))
        .sort(),
      ['kms:Decrypt', 's3:GetObject', 's3:ListBucket'],
    )
    const registry = await guarded(readOnly, true)
    await expectStatus(404, registry.alice('GET /v2/a/b/manifests/none'))
    await expectStatus(404, registry.alice('GET /v2/a/b/tags/list'))
    await expectStatus(405, registry.alice('POST /v2/a/b/blobs/uploads/'))
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['change accounts', on('PutObject', 'slipway/v1/config/htpasswd')],
    ['change the policy', on('PutObject', 'slipway/v1/config/policy')],
    ['set quotas', on('PutObject', 'slipway/v1/config/quotas')],
    ['forget counts of quotas', on('DeleteObject', 'slipway/v1/quotas/abc')],
    ['forget failed log-ins', on('DeleteObject', 'slipway/v1/failed-log-ins/abc')],
    ['read signing keys of the store', on('GetObject', 'slipway/v1/config/signing-keys')],
    ['read events', on('GetObject', 'slipway/v1/events/outbox/abc')],
    ['write what waits for receivers', on('PutObject', 'slipway/v1/events/waiting/a/b')],
    ['remove bytes of blobs', on('DeleteObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['remove old versions', on('DeleteObjectVersion', 'docker/registry/v2/repositories/a/x')],
    ['read beside its prefix', { action: 's3:GetObject', resource: `${BUCKET}/other/key` }],
    ['list beside its prefix', { action: 's3:ListBucket', resource: BUCKET, prefix: 'other/' }],
    ['list all', { action: 's3:ListBucket', resource: BUCKET, prefix: '' }],
    ['empty the bucket', { action: 's3:PutLifecycleConfiguration', resource: BUCKET }],
  ]
  for (const [what, use] of forbidden) {
    test(`may not ${what}`, () => {
      assert.ok(!policy.some((each) => allows(each, use)))
    })
  }

  test('may use an encryption key, through S3 only', () => {
    const encryption = statements({ kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    assert.deepEqual(encryption?.actions, ['kms:Decrypt', 'kms:GenerateDataKey'])
    assert.deepEqual(encryption?.resources, [KEY])
    assert.ok(encryption?.condition?.StringEquals?.['kms:ViaService'])
  })

  test('has no policy of AWS, and only Lambda has the role', () => {
    const [role, ...more] = ofType(part(synth(), false), 'AWS::IAM::Role')
    assert.equal(more.length, 0)
    assert.equal(role?.Properties.ManagedPolicyArns, undefined)
    assert.equal(role?.Properties.Policies, undefined)
    const document = role?.Properties.AssumeRolePolicyDocument
    const trust = (document as { readonly Statement: readonly object[] }).Statement
    assert.deepEqual(trust, [
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
      },
    ])
  })
})
