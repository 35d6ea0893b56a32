/**
 * Context values that are good have an effect, each: a whole template is made for it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { contextTable } from '../../lib/read-context.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type Context, stackIn, synth, withApp } from './synth.ts'

const files = await temporaryDirectory()
afterAll(files.remove)
const goodPolicy = join(files.path, 'good.yaml')
writeFileSync(goodPolicy, 'version: 1\nrules: []\n')
const goodMirror = join(import.meta.dirname, 'code/mirror.yaml')

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const MULTI_KEY = `arn:aws:kms:us-east-1:123456789012:key/mrk-${'1'.repeat(32)}`
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks/a-AbCdEf'
const BUS = 'arn:aws:events:eu-west-1:123456789012:event-bus/default'
const PRIMARY = { primaryBucket: 'first', primaryRegion: 'us-east-1' }
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/00000000'
const ZONE = { hostedZoneId: 'Z0123456789', hostedZoneName: 'example.com' }

const EDGE = { domain: 'a.example.com', ...ZONE, edge: 'on' }

describe('each value has an effect', () => {
  const effective: Readonly<Record<string, Context>> = {
    name: { name: 'other' },
    bucket: { bucket: 'there-already' },
    prefix: { prefix: 'a/b' },
    replicaBucket: { replicaBucket: 'copy' },
    primaryBucket: PRIMARY,
    primaryRegion: PRIMARY,
    primarySigningKeys: { ...PRIMARY, primarySigningKeys: MULTI_KEY, primaryUploadKey: MULTI_KEY },
    primaryUploadKey: { ...PRIMARY, primarySigningKeys: MULTI_KEY, primaryUploadKey: MULTI_KEY },
    webRegions: { webRegions: 'ap-south-1' },
    kmsKey: { kmsKey: KEY },
    bucketOwner: { bucketOwner: '012345678901' },
    undeleteDays: { undeleteDays: '3' },
    removalPolicy: { removalPolicy: 'destroy' },
    domain: { domain: 'a.example.com', certificate: CERTIFICATE },
    certificate: { domain: 'a.example.com', ...ZONE, certificate: CERTIFICATE },
    hostedZoneId: { domain: 'a.example.com', ...ZONE },
    hostedZoneName: { domain: 'a.example.com', ...ZONE },
    edge: EDGE,
    edgeCertificate: { ...EDGE, edgeCertificate: CERTIFICATE.replace('eu-west-1', 'us-east-1') },
    edgeSecrets: { ...EDGE, edgeSecrets: '2,1' },
    edgeUploadTimeout: { ...EDGE, edgeUploadTimeout: '60' },
    edgeTokenRate: { ...EDGE, edgeTokenRate: '300' },
    blobs: { ...EDGE, blobs: 'cloudfront' },
    edgeCache: { ...EDGE, blobs: 'cloudfront', edgeCache: 'public' },
    edgeTagAge: { ...EDGE, blobs: 'cloudfront', edgeCache: 'public', edgeTagAge: '5' },
    awsNetworks: { ...EDGE, awsNetworks: new URL('./ip-ranges.json', import.meta.url).pathname },
    edgeLogs: { ...EDGE, edgeLogs: 'off' },
    pushHost: { ...EDGE, pushHost: 'on' },
    publicUrl: { publicUrl: 'https://a.example.com' },
    policy: { policy: goodPolicy },
    adminApi: { adminApi: 'on' },
    page: { page: 'on' },
    cors: { cors: 'https://ui.example' },
    readOnly: { readOnly: 'on' },
    indexChildren: { indexChildren: 'none' },
    gc: { gc: 'on' },
    gcGrace: { gc: 'on', gcGrace: '3d' },
    events: { events: 'on' },
    eventMinutes: { events: 'on', eventMinutes: '2' },
    eventConcurrency: { events: 'on', eventConcurrency: '2' },
    eventBuses: { events: 'on', eventBuses: BUS },
    eventSecrets: { events: 'on', eventSecrets: `A=${SECRET}` },
    upstreams: { upstreams: 'on' },
    upstreamConcurrency: { upstreams: 'on', upstreamConcurrency: '2' },
    upstreamRepositories: {
      upstreams: 'on',
      upstreamRepositories: 'arn:aws:ecr:eu-west-1:123456789012:repository/a/*',
    },
    upstreamSecrets: { upstreams: 'on', upstreamSecrets: `A=${SECRET}` },
    mirror: { mirror: goodMirror },
    mirrorRepositories: {
      mirror: goodMirror,
      mirrorRepositories: 'arn:aws:ecr:eu-west-1:123456789012:repository/a/*',
    },
    mirrorSecrets: { mirror: goodMirror, mirrorSecrets: `A=${SECRET}` },
    pulls: { pulls: 'on' },
    pullsExcept: { pulls: 'on', pullsExcept: 'user:scanner' },
    manifestHeads: { manifestHeads: 'redirect' },
    auth: { auth: 'basic' },
    tokenService: { tokenService: 'other' },
    tokenIssuer: { tokenIssuer: 'other' },
    tokenRealm: { tokenRealm: 'https://auth.example/token' },
    awsAllow: { awsAllow: '123456789012' },
    awsAccounts: { awsAccounts: 'organization' },
    awsRegions: { awsAccounts: '123456789012', awsRegions: 'eu-west-1' },
    uploadLife: { uploadLife: '2h' },
    keys: { keys: 'bucket' },
    uploadKey: { uploadKey: '2' },
    keyUsers: { keyUsers: 'arn:aws:iam::123456789012:role/servers' },
    signingKeys: { signingKeys: '2,1' },
    memory: { memory: '2048' },
    reservedConcurrency: { reservedConcurrency: '5' },
    webFunction: { webFunction: 'off' },
    webEnvironments: { webEnvironments: '20' },
    webRate: { webRate: '200' },
    uploadOrigin: { uploadOrigin: 'https://push.example.com' },
    rate: { rate: '1' },
    burst: { burst: '1' },
    bucketLogDays: { bucketLogDays: '30' },
    tracing: { tracing: 'on' },
    traces: { traces: 'http://collector.example:4318' },
    traceHeaders: {
      traces: 'http://collector.example:4318',
      traceHeaders: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:collector-AbCdEf',
    },
    traceRatio: { traces: 'http://collector.example:4318', traceRatio: '0.05' },
    tokenRate: { tokenRate: '5' },
    tokenBurst: { tokenBurst: '5' },
    dualstack: { dualstack: 'off' },
    s3Direct: { s3Direct: 'off' },
    logLevel: { logLevel: 'error' },
    auditPulls: { auditPulls: 'on' },
    logRetention: { logRetention: '365' },
    alarms: { alarms: 'off' },
    alarmEmail: { alarmEmail: 'ops@example.com' },
    alarmTopic: { alarmTopic: 'arn:aws:sns:eu-west-1:123456789012:operations' },
    dashboard: { dashboard: 'off' },
    metrics: { metrics: 'on' },
    tags: { tags: 'team=infra' },
  }
  const usual = JSON.stringify(synth())
  test('terminationProtection', () => {
    const isProtected = (context: Context) =>
      withApp(context, (app) => stackIn(app).terminationProtection)
    assert.deepEqual([{}, { terminationProtection: 'off' }].map(isProtected), [true, false])
  })

  // It is said of the stack, not in its template.
  for (const { name } of contextTable.filter((each) => each.name !== 'terminationProtection')) {
    test(name, () => {
      const context = effective[name]
      assert.ok(context !== undefined && name in context)
      assert.notEqual(JSON.stringify(synth(context)), usual)
    })
  }

  test('a default that is given changes nothing', () => {
    const given = { name: 'slipway', memory: '1024', rate: '500', burst: '1000', alarms: 'on' }
    const more = {
      undeleteDays: '14',
      logRetention: '30',
      removalPolicy: 'retain',
      readOnly: 'off',
    }
    assert.equal(JSON.stringify(synth({ ...given, ...more, signingKeys: '1' })), usual)
  })
})
