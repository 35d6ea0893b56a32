/**
 * What keeps the repositories of a stack in step with others: its function, its schedule, its alarm, and its role, which may
 * do what a run does and no more.
 *
 * @module
 */

import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseMirror } from '../../functions/cli/mirror/parse.ts'
import { runDue } from '../../functions/cli/mirror/scheduled.ts'
import { processIo } from '../../functions/cli/process-io.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { newNonce, writeMarker } from '../../functions/registry/clean-up/marker.ts'
import {
  EVENT_RECEIVERS_KEY,
  mirrorKey,
  QUOTAS_KEY,
  RETENTION_KEY,
} from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import {
  blob,
  CONFIG,
  CONFIG_TYPE,
  contentOf,
  descriptorOf,
  imageOf,
  LAYER_TYPE,
} from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { serveFiles } from '../support/rig/server.ts'
import { openFiles } from '../support/rig/stores.ts'
import {
  type Context,
  mirrorPart,
  ofType,
  onlyIn,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  written,
} from './synth.ts'
import { allows, listing, on, type Use, usesOf } from './uses.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf'
const REPOSITORY = 'arn:aws:ecr:eu-west-1:123456789012:repository/team/*'
const DOCUMENT = join(import.meta.dirname, 'code/mirror.yaml')
const STACK: Context = { bucket: 'there-already', prefix: 'registry', mirror: DOCUMENT }

const partOf = (context: Context = {}) => mirrorPart(synth({ ...STACK, ...context }), true)
const policyOf = (context: Context = {}): Statement[] =>
  statementsOf(onlyIn(partOf(context), 'AWS::IAM::Policy').PolicyDocument)

test('there is none by default', () => {
  expect(mirrorPart(synth({}), true).Resources).toEqual({})
})

test('nothing else changes with it, but that there is an alarm', () => {
  const without = snapshotOf(synth({}))
  const { Resources } = snapshotOf(mirrorPart(synth({ mirror: DOCUMENT }), false))
  const more = Object.keys(Resources).filter((id) => !(id in without.Resources))
  expect(more).toEqual([expect.stringMatching(/^RegistryAlarmsMirror/)])
  for (const id of Object.keys(without.Resources)) {
    expect(Resources[id]).toEqual(without.Resources[id])
  }
})

test('the function is called by a schedule, and knows the store and the secrets', () => {
  const resources = partOf({ mirrorSecrets: `HUB=${SECRET}` })
  const { Handler, Timeout, Environment, ReservedConcurrentExecutions } = onlyIn(
    resources,
    'AWS::Lambda::Function',
  )
  expect({ Handler, Timeout, ReservedConcurrentExecutions }).toEqual({
    ...{ Handler: 'mirror.handler', Timeout: 900, ReservedConcurrentExecutions: undefined },
  })
  expect((Environment as { Variables: object }).Variables).toMatchObject({
    SLIPWAY_STORE: expect.anything(),
    SLIPWAY_MIRROR_HUB: SECRET,
  })
  expect(onlyIn(resources, 'AWS::Events::Rule').ScheduleExpression).toBe('rate(5 minutes)')
})

test('the alarm goes off when a call has failed, and when there are none', () => {
  const alarms = ofType(synth(STACK), 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties)
    .filter(({ AlarmDescription }) => /from other registries/.test(`${AlarmDescription}`))
  expect(alarms).toMatchObject([
    { Threshold: 0, EvaluationPeriods: 1, TreatMissingData: 'missing' },
  ])
})

test('the commands that show how it goes', () => {
  const { Outputs } = synth(STACK)
  expect(written(Outputs.MirrorLogs?.Value)).toMatch(/^aws logs tail <RegistryMirror/)
  expect(written(Outputs.MirrorStatus?.Value)).toContain('--status --state store --store s3://')
})

describe('the role', () => {
  const policy = policyOf({ mirrorSecrets: `HUB=${SECRET}`, mirrorRepositories: REPOSITORY })

  test('may do in the bucket what a run does', async () => {
    const { store: files, close } = await openFiles()
    const source = await serveFiles()
    onTestFinished(async () => {
      await source.close()
      await close()
    })
    const used = new Set<string>()
    const store = intercept(files, async (each, proceed) => {
      for (const use of usesOf(each)) {
        const statement = policy.find((one) => allows(one, use))
        expect(statement, `${use.action} on ${use.resource} ${use.prefix ?? ''}`).toBeDefined()
        used.add(`${statement?.sid} ${use.action}`)
      }
      return proceed()
    })
    const documents = [
      [RETENTION_KEY, { version: 1, immutable: [{ repositories: ['none'] }] }],
      [QUOTAS_KEY, { version: 1, quotas: [{ repositories: ['**'], hard: '1 GB' }] }],
      [EVENT_RECEIVERS_KEY, { version: 1, receivers: [{ name: 'a', url: 'https://a.example/' }] }],
    ] as const
    for (const [key, document] of documents) {
      await files.put(key, Buffer.from(JSON.stringify(document)))
    }
    await raiseFence(files)
    const layer = blob('mirrored', 5000)
    // In parts, and by another digest.
    const large = blob('mirrored', 17 * 1024 * 1024)
    const other = blob('mirrored', 6000)
    const config = { config: descriptorOf(CONFIG_TYPE, CONFIG) }
    const image = imageOf([layer, large], config)
    const digest = other.sha512
    const layers = [{ mediaType: LAYER_TYPE, digest, size: other.bytes.length }]
    const another = imageOf([], { ...config, layers })
    const signature = imageOf([], { ...config, subject: descriptorOf(OCI_MANIFEST, image) })
    const index = contentOf(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: OCI_INDEX },
        manifests: [descriptorOf(OCI_MANIFEST, image)],
      }),
    )
    for (const each of [CONFIG, layer, large]) await pushAtOnce(source.send, 'app', each)
    const path = `/v2/app/blobs/uploads/?digest=${digest}`
    await expectStatus(201, source.send(`POST ${path}`, other.bytes))
    await pushManifest(source.send, 'app', 'v3', another)
    await pushManifest(source.send, 'app', image.sha256, image)
    await pushManifest(source.send, 'app', 'v1', index, OCI_INDEX)
    await pushManifest(source.send, 'app', 'v2', image)
    await pushManifest(source.send, 'app', signature.sha256, signature)
    // A clean-up was about to remove it.
    await writeMarker(
      files,
      layer.sha256,
      { state: 'condemned', nonce: newNonce() },
      { ifNoneMatch: '*' },
    )
    const from = new URL(source.url).host
    const rules = parseMirror(
      JSON.stringify({
        version: 1,
        rules: [
          {
            ...{ name: 'app', from, to: 'store', repositories: ['app'] },
            ...{ referrers: true, deletes: true },
          },
          {
            ...{ name: 'again', from: 'store', to: 'store', repositories: ['app'] },
            ...{ rename: { app: 'other' }, referrers: true },
          },
        ],
      }),
    )
    const failures: string[] = []
    const run = () =>
      runDue(store, {
        io: {
          ...processIo({}),
          print: () => {},
          say: () => {},
          progress: () => ({ show: () => {}, end: () => {} }),
          openStore: async () => store,
        },
        rules,
        settings: readSettings([], { SLIPWAY_STORE: 's3://there-already/registry' }),
        now: true,
        isOver: () => false,
        ran: (_, report) => failures.push(...report.failures.map(({ why }) => why)),
      })
    // The first delete with a condition tries whether it is heeded.
    await store.deletesExactly()
    await run()
    await source.send('DELETE /v2/app/manifests/v2')
    await run()
    expect(failures).toEqual([])
    const granted = policy
      .filter(({ actions }) => actions.every((action) => action.startsWith('s3:')))
      .flatMap(({ sid, actions }) => actions.map((action) => `${sid} ${action}`))
    expect(granted.filter((each) => !used.has(each))).toEqual([
      // Of an upload that fails in the middle, and of images that much refers to.
      'ReferrerPages s3:GetObject',
      'ReferrerPages s3:PutObject',
      'Uploads s3:AbortMultipartUpload',
      'Uploads s3:ListMultipartUploadParts',
      'Blobs s3:AbortMultipartUpload',
    ])
  })

  test('may read the secrets and the repositories of ECR that are named, and nothing else of other services', () => {
    const others = policy
      .filter(({ actions }) => !actions.every((action) => action.startsWith('s3:')))
      .map(({ actions, resources }) => [actions[0], ...resources])
    expect(others).toEqual([
      ['secretsmanager:GetSecretValue', SECRET],
      ['ecr:BatchCheckLayerAvailability', REPOSITORY],
      ['ecr:GetAuthorizationToken', '*'],
      ['logs:CreateLogStream', expect.any(String)],
    ])
    expect(JSON.stringify(policyOf())).not.toMatch(/secretsmanager|ecr:/)
  })

  const forbidden: readonly (readonly [what: string, use: Use])[] = [
    ['read accounts', on('GetObject', 'slipway/v1/config/htpasswd')],
    ['read the policy', on('GetObject', 'slipway/v1/config/policy')],
    ['change rules', on('PutObject', 'slipway/v1/config/retention')],
    ['change who is told', on('PutObject', 'slipway/v1/config/event-receivers')],
    ['delete bytes of blobs', on('DeleteObject', 'docker/registry/v2/blobs/sha256/ab/abc/data')],
    ['list all', listing('')],
  ]
  test.each(forbidden)('may not %s', (_, use) => {
    expect(policy.some((each) => allows(each, use))).toBe(false)
  })

  test('may keep its state', () => {
    expect(policy.some((each) => allows(each, on('PutObject', mirrorKey('state'))))).toBe(true)
  })

  test('may use an encryption key, through S3 only', () => {
    const encryption = policyOf({ kmsKey: KEY }).find(({ sid }) => sid === 'Encryption')
    expect(encryption?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey'])
  })

  test('is for Lambda alone', () => {
    expect(onlyIn(partOf(), 'AWS::IAM::Role').AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
    })
  })
})
