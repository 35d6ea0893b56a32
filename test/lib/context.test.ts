/**
 * Context values: bad ones are refused by name, good ones have an effect.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { afterAll, describe, test } from 'vitest'
import type { ContextValues } from '../../lib/context.ts'
import { ContextError } from '../../lib/errors.ts'
import { contextTable, readContext } from '../../lib/read-context.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type Context, FLAGS } from './synth.ts'

const files = await temporaryDirectory()
afterAll(files.remove)
const badPolicy = join(files.path, 'bad.yaml')
writeFileSync(
  badPolicy,
  'version: 1\nrules:\n  - who: [nobody]\n    repositories: ["**"]\n    actions: [pull]\n',
)
const EDGE = {
  domain: 'registry.example.com',
  hostedZoneId: 'Z0123456789',
  hostedZoneName: 'example.com',
  edge: 'on',
}
const goodPolicy = join(files.path, 'good.yaml')
writeFileSync(goodPolicy, 'version: 1\nrules: []\n')
const goodMirror = join(import.meta.dirname, 'code/mirror.yaml')

const read = (context: Context): ContextValues =>
  readContext(new App({ context: { ...FLAGS, ...context } }).node)

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
const MULTI_KEY = `arn:aws:kms:us-east-1:123456789012:key/mrk-${'1'.repeat(32)}`
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks/a-AbCdEf'
const PRIMARY = { primaryBucket: 'first', primaryRegion: 'us-east-1' }
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/00000000'
const ZONE = { hostedZoneId: 'Z0123456789', hostedZoneName: 'example.com' }

describe('bad values are refused, and the message names value and remedy', () => {
  const refused: readonly (readonly [context: Context, message: RegExp])[] = [
    [{ name: '9lives' }, /context value name is "9lives": expected letters, digits and -/],
    [{ bucket: 'No_Bucket' }, /bucket is "No_Bucket": expected the name of a bucket/],
    [{ prefix: '/a' }, /prefix is "\/a": expected a path, as a\/b/],
    [{ prefix: 'a//b' }, /prefix is "a\/\/b"/],
    [{ kmsKey: 'alias/mine' }, /kmsKey is "alias\/mine": expected an ARN, arn:aws:kms:/],
    [{ undeleteDays: '-1' }, /undeleteDays is "-1": expected a whole number from 0 to 3650/],
    [{ undeleteDays: '1.5' }, /undeleteDays is "1.5"/],
    [{ replicaBucket: 'No_Bucket' }, /replicaBucket is "No_Bucket": expected the name of a bucket/],
    [{ replicaBucket: 'copy', bucket: 'there' }, /replicaBucket is for a new bucket/],
    [{ replicaBucket: 'copy', kmsKey: KEY }, /replicaBucket is for a new bucket/],
    [{ replicaBucket: 'copy', ...PRIMARY }, /replicaBucket is for a new bucket/],
    [{ primaryBucket: 'first' }, /primaryBucket and primaryRegion go together/],
    [{ primaryRegion: 'us-east-1' }, /primaryBucket and primaryRegion go together/],
    [{ primaryRegion: 'Virginia' }, /primaryRegion is "Virginia": expected a Region, as us-east-1/],
    [{ ...PRIMARY, bucket: 'there' }, /primaryBucket makes a new bucket/],
    [
      { ...PRIMARY, edge: 'on', domain: 'a.example.com', ...ZONE },
      /primaryBucket makes a new bucket.*edge do not go with it/,
    ],
    [{ ...PRIMARY, primaryUploadKey: KEY }, /primaryUploadKey: expected multi-Region keys/],
    [{ ...PRIMARY, primarySigningKeys: MULTI_KEY }, /primarySigningKeys and .* go together/],
    [
      { primarySigningKeys: MULTI_KEY, primaryUploadKey: MULTI_KEY },
      /primarySigningKeys and primaryUploadKey are for a primaryBucket/,
    ],
    [{ webRegions: 'everywhere' }, /webRegions is "everywhere": expected Regions, as eu-west-1/],
    [{ webRegions: 'eu-west-1', webFunction: 'off' }, /webRegions is for a Web Function/],
    [{ removalPolicy: 'keep' }, /removalPolicy is "keep": expected retain or destroy/],
    [{ domain: 'https://a.example.com' }, /domain is "https:.*": expected a host name/],
    [{ domain: 'a.example.com' }, /domain needs a certificate, or hostedZoneId/],
    [{ certificate: 'mine' }, /certificate is "mine": expected an ARN, arn:aws:acm:/],
    [{ certificate: CERTIFICATE }, /certificate and hostedZoneId are for a domain/],
    [{ hostedZoneId: 'z 1' }, /hostedZoneId is "z 1": expected an id/],
    [{ hostedZoneId: 'Z0123456789' }, /hostedZoneId and hostedZoneName go together/],
    [{ hostedZoneName: 'example' }, /hostedZoneName is "example": expected a host name/],
    [{ domain: 'a.example.org', ...ZONE }, /domain is not in the zone/],
    [{ domain: 'aexample.com', ...ZONE }, /domain is not in the zone/],
    [{ edge: 'maybe' }, /edge is "maybe": expected off, beside, open or on/],
    [{ edge: 'on' }, /edge is for a domain, which is not set/],
    [
      { edge: 'on', domain: 'a.example.com', certificate: CERTIFICATE },
      /edge needs edgeCertificate, or hostedZoneId/,
    ],
    [{ edgeCertificate: CERTIFICATE }, /edgeCertificate is ".*": expected .* in us-east-1/],
    [{ edgeSecrets: '1,2,3' }, /edgeSecrets: expected one or two names/],
    [{ edgeUploadTimeout: '181' }, /edgeUploadTimeout is "181": expected .* from 1 to 180/],
    [{ edgeTokenRate: '9' }, /edgeTokenRate is "9": expected a whole number from 10/],
    [
      { edgeTokenRate: '300' },
      /edgeCertificate, edgeTokenRate, blobs, edgeCache, awsNetworks and pushHost/,
    ],
    [{ blobs: 'here' }, /blobs is "here": expected s3 or cloudfront/],
    [{ blobs: 'cloudfront' }, /are for an edge, which is off/],
    [{ ...EDGE, bucket: 'my.bucket' }, /edge needs a bucket without dots in its name/],
    [{ ...EDGE, edge: 'beside', bucket: 'my.bucket' }, /without dots/],
    [{ edgeCache: 'all' }, /edgeCache is "all": expected off or public/],
    [{ edgeCache: 'public' }, /are for an edge, which is off/],
    [{ edgeTagAge: '3601' }, /edgeTagAge is "3601": expected a whole number from 1 to 3600/],
    [{ edgeTagAge: '5' }, /edgeTagAge is for edgeCache=public/],
    [{ ...EDGE, edgeCache: 'public' }, /edgeCache=public needs blobs=cloudfront/],
    [
      { ...EDGE, edgeCache: 'public', blobs: 'cloudfront', policy: goodPolicy },
      /edgeCache=public needs the policy in the store/,
    ],
    [
      { ...EDGE, edgeCache: 'public', blobs: 'cloudfront', cors: 'https://ui.example' },
      /edgeCache=public would give one page what it keeps for another/,
    ],
    [{ awsNetworks: badPolicy }, /awsNetworks is ".*bad.yaml": /],
    [{ edgeLogs: 'no' }, /edgeLogs is "no": expected on or off/],
    [{ pushHost: 'yes' }, /pushHost is "yes": expected on or off/],
    [{ publicUrl: 'ftp://a' }, /publicUrl is "ftp:\/\/a": /],
    [{ policy: join(files.path, 'none.yaml') }, /policy is ".*none.yaml": .*no such file/],
    [{ policy: badPolicy }, /policy is ".*bad.yaml": .*nobody/],
    [{ readOnly: 'maybe' }, /readOnly is "maybe": expected on or off/],
    [{ indexChildren: 'linux' }, /indexChildren is "linux": "linux" is not a platform/],
    [{ gc: 'maybe' }, /gc is "maybe": .*on/],
    [{ gc: 'on', gcGrace: '5m' }, /gcGrace is "5m": .*1h/],
    [{ gcGrace: '3d' }, /gcGrace is for gc=on/],
    [{ events: 'on', eventMinutes: '16' }, /eventMinutes is "16": .* from 1 to 15/],
    [{ events: 'on', eventBuses: 'default' }, /eventBuses is "default": expected an ARN/],
    [{ events: 'on', eventSecrets: `deployer=${SECRET}` }, /eventSecrets: expected NAME=arn:/],
    [
      { events: 'on', eventSecrets: `A=${SECRET.slice(0, -7)}` },
      /eventSecrets: expected the whole ARN of a secret/,
    ],
    [{ events: 'on', eventConcurrency: '0' }, /eventConcurrency is "0": .* from 1 to 1000/],
    [{ eventSecrets: `A=${SECRET}` }, /eventSecrets are for events=on/],
    [{ upstreamSecrets: `A=${SECRET}` }, /upstreamRepositories are for upstreams=on/],
    [
      { upstreams: 'on', upstreamRepositories: 'arn:aws:s3:::x' },
      /upstreamRepositories is "arn:aws:s3:::x": expected an ARN, arn:aws:ecr:/,
    ],
    [{ upstreams: 'on', upstreamSecrets: `a=${SECRET}` }, /upstreamSecrets: expected NAME=arn:/],
    [
      { upstreams: 'on', upstreamConcurrency: '0' },
      /upstreamConcurrency is "0": .* from 1 to 1000/,
    ],
    [{ upstreams: 'on', readOnly: 'on' }, /upstreams=on is for a registry that is written to/],
    [{ mirror: badPolicy }, /mirror is ".*bad.yaml": mirror, line 3, column 5: /],
    [
      { mirror: goodMirror, mirrorRepositories: 'arn:aws:s3:::x' },
      /mirrorRepositories is "arn:aws:s3:::x": expected an ARN, arn:aws:ecr:/,
    ],
    [{ mirrorSecrets: `A=${SECRET}` }, /mirrorRepositories are for a mirror, which is not set/],
    [{ mirror: goodMirror, readOnly: 'on' }, /mirror is for a registry that is written to/],
    [{ eventMinutes: '1' }, /eventMinutes, .* are for events=on/],
    [{ pulls: 'maybe' }, /pulls is "maybe": .*on/],
    [
      { pulls: 'on', pullsExcept: 'scanner' },
      /pullsExcept is "scanner": "scanner" names no caller/,
    ],
    [{ pullsExcept: 'user:scanner' }, /pullsExcept is for pulls=on/],
    [{ pulls: 'on', logLevel: 'warn' }, /pulls=on reads the log: it needs logLevel info or debug/],
    [{ pulls: 'on', webRegions: 'ap-south-1' }, /pulls=on does not go with webRegions/],
    [{ manifestHeads: 'maybe' }, /manifestHeads is "maybe": .*answer/],
    [{ auth: 'none' }, /auth is "none": .*token/],
    [{ tokenService: 'a b' }, /tokenService is "a b": expected letters/],
    [{ tokenIssuer: '"' }, /tokenIssuer is "\\"": expected letters/],
    [{ tokenRealm: 'nowhere' }, /tokenRealm is "nowhere": /],
    [{ awsAllow: 'ci' }, /awsAllow is "ci": expected an account of 12 digits or the ARN/],
    [{ awsAllow: 'arn:aws:iam::*:role/ci' }, /awsAllow has an entry without an account/],
    [
      { awsAccounts: '1234' },
      /awsAccounts is "1234": expected an account of 12 digits .*, or organization/,
    ],
    [{ awsRegions: 'eu-west-1' }, /awsRegions is for log-ins with AWS credentials/],
    [{ awsRegions: 'everywhere' }, /awsRegions is "everywhere": expected Regions/],
    [{ uploadLife: '7d' }, /uploadLife is "7d": expected a time between 1m and 6d/],
    [{ bucketLogDays: '0' }, /bucketLogDays is "0": expected a whole number from 1/],
    [{ bucketLogDays: '7', bucket: 'there-already' }, /bucketLogDays is for a new bucket/],
    [{ metrics: 'maybe' }, /metrics is "maybe": expected on or off/],
    [{ metrics: 'on', logLevel: 'warn' }, /metrics=on counts lines of the log/],
    [{ adminApi: 'maybe' }, /adminApi is "maybe": expected on or off/],
    [{ page: 'maybe' }, /page is "maybe": expected on or off/],
    [{ cors: 'ui.example' }, /cors is "ui.example": .*expected \*, or scheme and host alone/],
    [{ auditPulls: 'maybe' }, /auditPulls is "maybe": .*on/],
    [{ tracing: 'maybe' }, /tracing is "maybe": expected on or off/],
    [{ traces: 'on' }, /traces is "on": expected a URL, as https:/],
    [
      { traces: 'https://user:word@collector.example' },
      /traces is "https:\/\/…@collector.example": expected a URL, as https:/,
    ],
    [
      { traces: 'https://collector.example', traceHeaders: 'authorization=secret' },
      /traceHeaders: expected the whole ARN of a secret/,
    ],
    [
      { traces: 'https://collector.example', traceRatio: '2' },
      /traceRatio is "2": expected a number from 0 to 1/,
    ],
    [{ traceRatio: '0.5' }, /traceHeaders and traceRatio are for traces, which are sent nowhere/],
    [{ keys: 'here' }, /keys is "here": expected kms or bucket/],
    [{ keyUsers: 'me' }, /keyUsers is "me": expected an ARN, arn:aws:iam:/],
    [{ keys: 'bucket', signingKeys: '1' }, /signingKeys and uploadKey are for keys in KMS/],
    [{ uploadKey: '1-many' }, /uploadKey: expected a name, as 1 or 1-multi/],
    [{ keys: 'bucket', uploadKey: '1' }, /signingKeys and uploadKey are for keys in KMS/],
    [{ signingKeys: '1,,2' }, /signingKeys: expected names, as 1,2/],
    [{ signingKeys: '1,1' }, /signingKeys: a name is repeated/],
    [{ memory: '64' }, /memory is "64": expected a whole number from 128 to 10240/],
    [{ memory: true }, /memory is true: expected a whole number/],
    [{ reservedConcurrency: '-1' }, /reservedConcurrency is "-1"/],
    [{ webFunction: 'maybe' }, /webFunction is "maybe": expected on or off/],
    [{ webEnvironments: '1' }, /webEnvironments is "1": expected a whole number from 2/],
    [{ webRate: '150' }, /webRate is "150": expected 100 to 1000 in steps of 100/],
    [{ uploadOrigin: 'push.example.com' }, /uploadOrigin is "push.example.com": /],
    [{ rate: 'fast' }, /rate is "fast": expected a whole number/],
    [{ burst: '' }, /burst is "": expected a whole number/],
    [{ tokenRate: '0' }, /tokenRate is "0": expected a whole number from 1/],
    [{ tokenBurst: 'all' }, /tokenBurst is "all"/],
    [{ dualstack: '6' }, /dualstack is "6": expected on or off/],
    [{ terminationProtection: 'no' }, /terminationProtection is "no": expected on or off/],
    [{ bucketOwner: '1234' }, /bucketOwner is "1234": expected an account ID of 12 digits/],
    [{ s3Direct: 'maybe' }, /s3Direct is "maybe": .*on/],
    [{ logLevel: 'loud' }, /logLevel is "loud": .*debug/],
    [{ logRetention: '31' }, /logRetention is "31": expected one of 1, 3, 5, 7/],
    [{ alarms: 'yes' }, /alarms is "yes": expected on or off/],
    [{ alarmEmail: 'ops' }, /alarmEmail is "ops": expected an address/],
    [{ alarmEmail: 'a@example.com', alarms: 'off' }, /alarmEmail and alarmTopic are for alarms/],
    [{ alarmTopic: KEY }, /alarmTopic is "arn:aws:kms.*": expected an ARN, arn:aws:sns:/],
    [{ dashboard: 'no' }, /dashboard is "no": expected on or off/],
    [{ tags: 'team' }, /tags is "team": expected name=value,name=value/],
    [{ removalPolcy: 'destroy' }, /no context value "removalPolcy": did you mean removalPolicy\?$/],
    [{ color: 'red' }, /no context value "color": there are name, bucket, /],
  ]
  for (const [context, message] of refused) {
    test(JSON.stringify(context).replace(files.path, ''), () => {
      assert.throws(
        () => read(context),
        (error) => error instanceof ContextError && message.test(error.message),
      )
    })
  }

  test('each value is among them', () => {
    const tried = new Set(refused.flatMap(([context]) => Object.keys(context)))
    assert.deepEqual(
      contextTable.map(({ name }) => name).filter((name) => !tried.has(name)),
      [],
    )
  })
})

test('what CDK itself puts into the context is not taken for a value', () => {
  assert.doesNotThrow(() =>
    read({ 'aws:cdk:enable-path-metadata': true, 'hosted-zone:account=1:domainName=a': {} }),
  )
})
