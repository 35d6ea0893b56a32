/**
 * Pull-through of a stack: what copies blobs, who may have it called, and its role, which may do what it does and no more.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { raisingFence } from '../../functions/registry/clean-up/fence.ts'
import { newNonce, writeMarker } from '../../functions/registry/clean-up/marker.ts'
import { dataKey, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { claimKey, createHandedClaims } from '../../functions/upstreams/blobs/claim.ts'
import { type CopyWanted, createCopy } from '../../functions/upstreams/blobs/copy.ts'
import { createElsewhere } from '../../functions/upstreams/blobs/elsewhere.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { createEnsure } from '../../functions/upstreams/manifests/ensure.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { IMAGE, routeTo, serve, sha256 } from '../upstreams/upstream.ts'
import {
  type Context,
  fillsPart,
  ofType,
  only,
  onlyIn,
  part,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  written,
} from './synth.ts'
import { allows, listing, on, type Use, usesOf } from './uses.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf'
const STACK: Context = { bucket: 'there-already', prefix: 'registry', upstreams: 'on' }
const FULL: Context = { ...STACK, upstreamSecrets: `HUB=${SECRET}` }

const partOf = (context: Context = STACK) => fillsPart(synth(context), true)
const policyOf = (context: Context): Statement[] =>
  statementsOf(onlyIn(partOf(context), 'AWS::IAM::Policy').PolicyDocument)
const apiPolicyOf = (context: Context): Statement[] =>
  statementsOf(only(fillsPart(synth(context), false), 'AWS::IAM::Policy').PolicyDocument)
const variablesOf = ({ Environment }: Readonly<Record<string, unknown>>) =>
  (Environment as { Variables: Record<string, unknown> }).Variables

const inS3 = (policy: readonly Statement[]): string[] =>
  policy
    .filter(({ actions }) => actions.every((action) => action.startsWith('s3:')))
    .flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))

test('there is none by default, and nobody may ask', () => {
  const template = synth({})
  expect(fillsPart(template, true).Resources).toEqual({})
  expect(/FILL_FUNCTION|fetching/.test(JSON.stringify(template))).toBe(false)
})

test('beside it, what clients reach has rights and settings, and there is an alarm', () => {
  const without = snapshotOf(synth({}))
  const { Resources } = snapshotOf(fillsPart(synth({ upstreams: 'on' }), false))
  const more = Object.keys(Resources).filter((id) => !(id in without.Resources))
  expect(more).toEqual([expect.stringMatching(/^RegistryAlarmsFills/)])
  const changed = Object.keys(without.Resources).filter(
    (id) => JSON.stringify(Resources[id]) !== JSON.stringify(without.Resources[id]),
  )
  expect(changed.map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
    'RegistryApiFunction',
    // It waits for the others.
    'RegistryApiFunctionGateway',
    'RegistryApiPermissions',
    'RegistryKeysUpload',
    expect.stringMatching(/^RegistryWebFunctionCodeCopy/),
    'RegistryWebFunctionRevision',
    'RegistryWebPermissions',
  ])
})

describe('the function', () => {
  test('is one of its own, of which calls are not repeated by Lambda', () => {
    const template = partOf()
    const copier = onlyIn(template, 'AWS::Lambda::Function')
    expect(copier).toMatchObject({
      Handler: 'fill.handler',
      Architectures: ['arm64'],
      Timeout: 900,
      MemorySize: 1024,
    })
    expect(copier).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(onlyIn(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    })
    const reserved = onlyIn(partOf({ ...STACK, upstreamConcurrency: '9' }), 'AWS::Lambda::Function')
    expect(reserved.ReservedConcurrentExecutions).toBe(9)
  })

  test('knows where the store and secrets are, and no key that signs', () => {
    const variables = variablesOf(
      onlyIn(
        partOf({ ...FULL, kmsKey: KEY, logLevel: 'debug', gc: 'on' }),
        'AWS::Lambda::Function',
      ),
    )
    expect({ ...variables, SLIPWAY_UPLOAD_KEY: written(variables.SLIPWAY_UPLOAD_KEY) }).toEqual({
      SLIPWAY_STORE: 's3://there-already/registry',
      SLIPWAY_S3_KMS_KEY: KEY,
      SLIPWAY_S3_DUALSTACK: 'on',
      SLIPWAY_LOG_LEVEL: 'debug',
      SLIPWAY_GC: 'on',
      SLIPWAY_UPLOAD_KEY: expect.stringMatching(/^kms:<RegistryKeysUpload/),
      SLIPWAY_UPSTREAM_HUB: SECRET,
    })
  })

  test('is called by name, by those that clients reach and by itself', () => {
    const { FunctionName } = onlyIn(partOf(), 'AWS::Lambda::Function')
    const arn = `arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${FunctionName}`
    const rest = fillsPart(synth(STACK), false)
    const api = variablesOf(only(rest, 'AWS::Lambda::Function'))
    expect(written(api.SLIPWAY_FILL_FUNCTION)).toBe(arn)
    const web = statementsOf(
      ofType(part(rest, true), 'AWS::IAM::Policy').find(({ Properties }) =>
        JSON.stringify(Properties).includes('fetching'),
      )?.Properties.PolicyDocument,
    )
    for (const policy of [policyOf(STACK), apiPolicyOf(STACK), web]) {
      const calls = policy.filter(({ actions }) => actions.join() === 'lambda:InvokeFunction')
      expect(calls.map(({ resources }) => resources)).toEqual([[arn]])
    }
  })
})

test('the alarm goes off when a call has failed; that there are none is well', () => {
  const alarms = ofType(synth(STACK), 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties)
    .filter(({ AlarmDescription }) => /could not be copied/.test(`${AlarmDescription}`))
  expect(alarms).toMatchObject([
    { Threshold: 0, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
  ])
  expect(written(synth(STACK).Outputs.FillsLogs?.Value)).toMatch(/^aws logs tail <RegistryFills/)
})

/** A store that lets through what a policy allows, and notes it. */
const guarded = async (policy: readonly Statement[]) => {
  const { store: files, close } = await openFiles()
  onTestFinished(close)
  const used = new Set<string>()
  const store = intercept(files, async (call, proceed) => {
    for (const use of usesOf(call)) {
      const statement = policy.find((each) => allows(each, use))
      expect(statement, `${use.action} on ${use.resource} ${use.prefix ?? ''}`).toBeDefined()
      used.add(`${statement?.sid} ${use.action}`)
    }
    return proceed()
  })
  return { files, store, used }
}

const MEBIBYTE = 1024 * 1024
const SMALL = randomBytes(1000)
/** Larger than a part. */
const LARGE = randomBytes(13 * MEBIBYTE)

/** An upstream with blobs by their digests. */
const serveBlobs = async (blobs: ReadonlyMap<string, Buffer>) => {
  const give = (response: ServerResponse, bytes: Buffer, head: boolean) =>
    void response.writeHead(200, { 'content-length': bytes.length }).end(head ? undefined : bytes)
  const upstream = await serve(({ method, url = '' }, response) => {
    if (url === '/v2/') return void response.end('{}')
    const bytes = url.includes('/manifests/') ? IMAGE : blobs.get(url.split('/').at(-1)!)
    if (bytes === undefined) return void response.writeHead(404).end()
    give(response, bytes, method === 'HEAD')
  })
  const route = routeTo(upstream.origin)
  return { route, askAt: createAsking({ readSecret: async () => '' }) }
}

const registryOn = (store: ObjectStore) =>
  createRegistry({
    store,
    uploadSecret: async () => new Uint8Array(32),
    cleanUp: raisingFence(store, (error) => {
      throw error
    }),
  })

describe('the role', () => {
  const policy = policyOf(FULL)

  test('may do in the bucket what copying does, and nothing that it does not', async () => {
    const { files, store, used } = await guarded(policy)
    const sha512 = `sha512:${createHash('sha512').update(SMALL).digest('hex')}` as const
    const [wrong, wrongPieces] = [sha256('wrong'), sha256('wrong in pieces')]
    const digests = { small: sha256(SMALL), large: sha256(LARGE), pieces: sha256('pieces') }
    const pieces = Buffer.concat([LARGE, SMALL])
    const inPieces = sha256(pieces)
    const { route, askAt } = await serveBlobs(
      new Map([
        [digests.small, SMALL],
        [digests.large, LARGE],
        [inPieces, pieces],
        [sha512, SMALL],
        [wrong, LARGE],
        [wrongPieces, LARGE],
      ]),
    )
    // The handler reads it, and the first delete with a condition tries whether it is heeded.
    await store.get(UPSTREAMS_KEY)
    await store.deletesExactly()
    const claims = createHandedClaims(store)
    const offers = createHandedClaims(files)
    const copy = async (digest: Digest, more: object = {}): Promise<void> => {
      const copying = createCopy({
        ...{ registry: registryOn(store), store, askAt, claims },
        signal: new AbortController().signal,
        wait: async () => {},
        isOver: () => false,
        clock: () => performance.now(),
        ...more,
      })
      let next: CopyWanted | string = {
        name: route.local,
        digest,
        claim: (await offers.offer({ digest, origin: route.origin }))!,
      }
      while (typeof next === 'object') next = await copying(route, next)
    }
    const inParts = { atOnce: MEBIBYTE, piece: MEBIBYTE, isOver: () => true }
    await copy(digests.small)
    await copy(digests.large)
    await copy(inPieces, inParts)
    await copy(sha512)
    await expect(copy(wrong)).rejects.toThrow()
    await expect(copy(wrongPieces, inParts)).rejects.toThrow()
    // What another repository has, and a clean-up was about to remove.
    const other = randomBytes(10)
    await files.put(dataKey(sha256(other)), other)
    await writeMarker(
      files,
      sha256(other),
      { state: 'condemned', nonce: newNonce() },
      { ifNoneMatch: '*' },
    )
    const { route: again, askAt: askAgain } = await serveBlobs(new Map([[sha256(other), other]]))
    const claim = (await offers.offer({ digest: sha256(other), origin: again.origin }))!
    const mounting = createCopy({
      ...{ registry: registryOn(store), store, askAt: askAgain, claims },
      ...{ signal: new AbortController().signal, wait: async () => {} },
      ...{ isOver: () => false, clock: () => 0 },
    })
    await mounting(again, { name: again.local, digest: sha256(other), claim })
    expect([...used].sort()).toEqual(inS3(policy).sort())
  })

  test('may read the secrets that are named, and do nothing else of other services', () => {
    const others = policy
      .filter(({ actions }) => !actions.every((action) => action.startsWith('s3:')))
      .map(({ actions, resources }) => [actions.join(), resources.length])
    expect(others).toEqual([
      ['kms:GenerateMac', 1],
      ['secretsmanager:GetSecretValue', 1],
      ['lambda:InvokeFunction', 1],
      ['logs:CreateLogStream,logs:PutLogEvents', 1],
    ])
    expect(policyOf(STACK).flatMap(({ actions }) => actions)).not.toContain(
      'secretsmanager:GetSecretValue',
    )
  })

  test('may pull from the repositories of ECR that are named', () => {
    const arn = 'arn:aws:ecr:eu-west-1:123456789012:repository/team/*'
    for (const read of [policyOf, apiPolicyOf]) {
      const ofEcr = read({ ...STACK, upstreamRepositories: arn }).filter(({ actions }) =>
        actions.some((action) => action.startsWith('ecr:')),
      )
      expect(ofEcr.map(({ sid, resources }) => [sid, ...resources])).toEqual([
        ['UpstreamRepositories', arn],
        ['UpstreamTokens', '*'],
      ])
    }
    expect(JSON.stringify(policyOf(FULL))).not.toContain('ecr:')
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['change what is asked', on('PutObject', UPSTREAMS_KEY)],
    ['say what a tag was', on('PutObject', 'slipway/v1/fetched/a/!/v1')],
    ['delete links', on('DeleteObject', 'docker/registry/v2/repositories/a/x')],
    ['delete bytes of blobs', on('DeleteObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['read accounts', on('GetObject', 'slipway/v1/config/htpasswd')],
    ['record events', on('PutObject', 'slipway/v1/events/outbox/1')],
    ['list all', listing('')],
  ]
  test.each(forbidden)('may not %s', (_, use) => {
    expect(policy.some((each) => allows(each, use))).toBe(false)
  })

  test('may use an encryption key, through S3 only', () => {
    const encryption = policyOf({ ...STACK, kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    expect(encryption?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey'])
  })

  test('is for Lambda alone', () => {
    expect(onlyIn(partOf(), 'AWS::IAM::Role').AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    })
  })
})

test('the role of the function behind the API may do what pulling through does besides', async () => {
  const own = apiPolicyOf(STACK)
  const before = new Set(apiPolicyOf({ ...STACK, upstreams: 'off' }).map(({ sid }) => sid))
  const { files, store, used } = await guarded(own)
  const { route, askAt } = await serveBlobs(new Map([[sha256(SMALL), SMALL]]))
  const registry = registryOn(store)
  await store.get(UPSTREAMS_KEY)
  const ensure = createEnsure({ registry, store, askAt, now: Date.now, report: () => {} })
  await ensure(route, { tag: 'v1' })
  const another = createEnsure({ registry, store, askAt, now: Date.now, report: () => {} })
  await another(route, { tag: 'v1' })
  const find = (atOnce: number) =>
    createElsewhere({
      ...{ registry, store, askAt, claims: createHandedClaims(store), now: Date.now, atOnce },
      streams: false,
      wait: async () => {},
      signal: () => undefined,
      start: async () => {},
      report: () => {},
    })(route, sha256(SMALL), 'GET')
  // It is copied by others, and then by nobody, and then here.
  expect(await find(0)).toBe('nowhere')
  expect(await find(0)).toBe('nowhere')
  await files.delete([claimKey({ digest: sha256(SMALL), origin: route.origin })])
  expect(await find(SMALL.length)).toBe('here')
  const more = own.filter(({ sid }) => !before.has(sid))
  const granted = inS3(more)
  expect([...used].filter((each) => !before.has(each.split(' ')[0])).sort()).toEqual(granted.sort())
  const sids = apiPolicyOf({ ...STACK, adminApi: 'on' }).map(({ sid }) => sid)
  expect(new Set(sids.filter(Boolean)).size).toBe(sids.filter(Boolean).length)
})
