/**
 * The edge: what the distribution is, what its stacks hold, and what the registry is told of it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { EDGE_HEADER } from '../../functions/api/middleware/edge.ts'
import { readContext } from '../../lib/read-context.ts'
import { createStacks } from '../../lib/stacks.ts'
import { distributionOf, type Template } from '../emulators/cloudfront/config.ts'
import { behaviourFor } from '../emulators/cloudfront/match.ts'
import {
  CODE,
  type Context,
  FLAGS,
  ofType,
  only,
  statementsOf,
  synth,
  TARGET,
  templateOf,
  withApp,
  written,
} from './synth.ts'

const DOMAIN = 'registry.example.com'
const ZONE = { hostedZoneId: 'Z0123456789', hostedZoneName: 'example.com' }
const EDGE = { domain: DOMAIN, ...ZONE }
const ARN = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000'

const DISTRIBUTION = 'AWS::CloudFront::Distribution'
const at = (edge: string, more: Context = {}) => synth({ ...EDGE, edge, ...more })

/** All stacks of an app, by name. */
const stacks = (context: Context) =>
  withApp(context, (app) => {
    createStacks(app, readContext(app.node), CODE, TARGET)
    const made = app.node.children.filter((child) => Stack.isStack(child))
    return Object.fromEntries(made.map((stack) => [stack.stackName, templateOf(stack)]))
  })

const text = (value: unknown): string => {
  try {
    return written(value)
  } catch {
    return JSON.stringify(value)
  }
}
const distribution = (context: Context = {}) => distributionOf(at('on', context) as Template, text)

/** Settings of the API's function. */
const settingsIn = (template: ReturnType<typeof synth>) => {
  const [api] = ofType(template, 'AWS::Lambda::Function').filter(
    ({ Properties: { Handler } }) => Handler === 'api.handler',
  )
  const { Environment } = api?.Properties ?? {}
  return (Environment as { Variables: Record<string, string> }).Variables
}

describe('the ways at the edge', () => {
  const KEY = `sha256/ab/${'ab'.repeat(32)}/data`
  const ROWS: readonly (readonly [path: string, to: string, context: Context])[] = [
    ['/v2/', 'api', {}],
    ['/token', 'api', {}],
    ['/v2/app/manifests/v1', 'api', {}],
    ['/v2/app/blobs/sha256:x', 'api', {}],
    ['/v2/app/blobs/uploads/', 'uploads', {}],
    ['/v2/a/b/c/blobs/uploads/', 'uploads', {}],
    ['/v2/app/blobs/uploads/0-1-2', 'uploads', {}],
    ['/v2/app/blobs/uploads', 'uploads', {}],
    [`/docker/registry/v2/blobs/${KEY}`, 'bucket', {}],
    // A repository may be called so.
    [`/v2/docker/registry/v2/blobs/${KEY}`, 'api', {}],
    [`/docker/registry/v2/repositories/app/_manifests/x`, 'api', {}],
    ['/slipway/v1/config/htpasswd', 'api', {}],
    [`/a/b/docker/registry/v2/blobs/${KEY}`, 'bucket', { prefix: 'a/b' }],
    [`/docker/registry/v2/blobs/${KEY}`, 'api', { prefix: 'a/b' }],
    ['/v2/app/blobs/uploads/', 'api', { webFunction: 'off' }],
  ]
  test.each(ROWS)('%s goes to %s', (path, to, context) => {
    const { behaviours } = distribution(context)
    expect(behaviourFor(behaviours, path).origin.id).toBe(to)
  })

  test('uploads go to a server of one’s own where that is set', () => {
    const { behaviours } = distribution({ uploadOrigin: 'https://push.example.com' })
    expect(behaviourFor(behaviours, '/v2/a/blobs/uploads/').origin.domain).toBe('push.example.com')
  })

  test('the secret goes to API and uploads, by reference, and never to the bucket', () => {
    const origins = distribution().behaviours.map(({ origin }) => origin)
    const name = EDGE_HEADER.toLowerCase()
    for (const { id, headers } of origins) {
      if (id === 'bucket') expect(headers).toEqual({})
      else expect(headers[name]).toMatch(/^<\w*EdgeSecretValue\w*\.Value>$/)
    }
  })

  test('uploads have 120 s to end, or what is set', () => {
    const timeout = (context: Context) =>
      distribution(context).behaviours.find(({ origin }) => origin.id === 'uploads')?.origin
        .readTimeout
    expect([timeout({}), timeout({ edgeUploadTimeout: 60 })]).toEqual([120_000, 60_000])
  })

  test('no error is kept, nor anything but what is under a digest', () => {
    const { behaviours, errorTtl } = distribution()
    expect(new Set(Object.values(errorTtl))).toEqual(new Set([0]))
    expect(Object.keys(errorTtl)).toHaveLength(11)
    const kept = behaviours.filter(({ cache }) => cache.maxTtl > 0)
    expect(kept.map(({ origin }) => origin.id)).toEqual(['bucket'])
    expect(kept[0]?.cache.query).toEqual({ kind: 'only', names: ['response-content-type'] })
  })

  test('the bucket is read by signed URLs alone, and only blobs, in the name of the distribution', () => {
    const template = at('on')
    const bucket = distribution().behaviours.find(({ origin }) => origin.id === 'bucket')!
    expect(Object.values(bucket.keys ?? {})).toEqual([
      expect.stringMatching(/^<\w*EdgeSecret\w*\.PublicKey1>$/),
    ])
    expect([bucket.origin.signs, bucket.methods]).toEqual([true, ['GET', 'HEAD']])
    const { PolicyDocument } = only(template, 'AWS::S3::BucketPolicy')
    const statement = statementsOf(PolicyDocument).find(({ sid }) => sid === 'Edge')!
    expect(statement.actions).toEqual(['s3:GetObject'])
    expect(statement.principal).toEqual({ Service: 'cloudfront.amazonaws.com' })
    expect(statement.resources).toEqual([
      expect.stringMatching(/\/docker\/registry\/v2\/blobs\/\*$/),
    ])
    expect(JSON.stringify(statement.condition)).toMatch(/AWS:SourceArn.*EdgeDistribution/)
    expect(template.Outputs.EdgeReads).toBeUndefined()
    const theirs = at('on', { bucket: 'there-already' })
    expect(JSON.stringify(theirs.Outputs.EdgeReads)).toContain('cloudfront.amazonaws.com')
  })

  test('two names are two keys, of which the functions sign with the older', () => {
    const template = at('on', { edgeSecrets: '2,1' })
    const { behaviours } = distributionOf(template as Template, text)
    const [{ keys } = { keys: {} }] = behaviours.filter(({ origin }) => origin.id === 'bucket')
    expect(Object.values<string>(keys ?? {}).map((key) => key.slice(-2, -1))).toEqual(['2', '1'])
    const id = settingsIn(template).SLIPWAY_EDGE_KEY_ID
    expect(text(id)).toBe(Object.keys(keys ?? {})[1])
  })

  test('functions are told of blobs at the edge, and get the networks of AWS', () => {
    const plain = settingsIn(at('on'))
    expect([plain.SLIPWAY_BLOBS, plain.SLIPWAY_AWS_NETWORKS]).toEqual([undefined, undefined])
    const path = fileURLToPath(new URL('./ip-ranges.json', import.meta.url))
    const onto = settingsIn(at('on', { blobs: 'cloudfront', awsNetworks: path }))
    expect([onto.SLIPWAY_BLOBS, onto.SLIPWAY_AWS_NETWORKS]).toEqual([
      'cloudfront',
      'ip-ranges.json',
    ])
  })

  const PUBLIC = { blobs: 'cloudfront', edgeCache: 'public' }

  test.each([
    ['/v2/app/manifests/v1', 'api', true],
    ['/v2/app/blobs/sha256:x', 'api', true],
    ['/v2/app/blobs/uploads/', 'uploads', false],
    ['/v2/app/tags/list', 'api', false],
    ['/v2/', 'api', false],
    ['/token', 'api', false],
  ])('with edgeCache=public, %s goes to %s and may be kept: %s', (path, to, kept) => {
    const { origin, cache, keyValues, toOrigin, methods } = behaviourFor(
      distribution(PUBLIC).behaviours,
      path,
    )
    expect([origin.id, cache.maxTtl > 0, keyValues !== undefined]).toEqual([to, kept, kept])
    expect([toOrigin.headers, methods.length]).toEqual([{ kind: 'except', names: ['host'] }, 7])
    if (!kept) return
    // Nothing that the registry does not allow; by its value where there are credentials.
    expect(cache).toEqual({
      minTtl: 0,
      defaultTtl: 0,
      maxTtl: 3600,
      headers: { kind: 'only', names: ['authorization', 'x-slipway-public', 'oci-namespace'] },
      query: { kind: 'all' },
    })
  })

  test('what is public is told to nobody but the function that looks it up', () => {
    const template = at('on', PUBLIC)
    const { FunctionConfig } = ofType(template, 'AWS::CloudFront::Function').find(
      ({ Properties }) => /public-reads/.test(JSON.stringify(Properties.Name)),
    )!.Properties as { FunctionConfig: { KeyValueStoreAssociations: object[] } }
    expect(FunctionConfig.KeyValueStoreAssociations).toHaveLength(1)
    // No role of the registry may change it: an administrator does, by `slipway policy`.
    const roles = [...ofType(template, 'AWS::IAM::Policy'), ...ofType(template, 'AWS::IAM::Role')]
    expect(JSON.stringify(roles)).not.toMatch(/KeyValueStore|cloudfront:/i)
    expect(settingsIn(template).SLIPWAY_EDGE_CACHE).toBe('60s')
    expect(settingsIn(at('on', { ...PUBLIC, edgeTagAge: 5 })).SLIPWAY_EDGE_CACHE).toBe('5s')
    expect(JSON.stringify(template.Outputs.PublishPolicy)).toMatch(
      /policy publish --store .*--edge-list .*EdgeCachePublic.*--distribution /,
    )
  })

  test('without it there is no list, and functions are told nothing', () => {
    const template = at('on', { blobs: 'cloudfront' })
    expect(ofType(template, 'AWS::CloudFront::KeyValueStore')).toEqual([])
    expect(settingsIn(template).SLIPWAY_EDGE_CACHE).toBeUndefined()
    expect(template.Outputs.PublishPolicy).toBeUndefined()
  })

  test('HTTP/2 and 3, IPv6, TLS 1.2 and the certificate of us-east-1', () => {
    const { DistributionConfig: config } = only(at('on', { edgeCertificate: ARN }), DISTRIBUTION)
    expect(config).toMatchObject({
      Aliases: [DOMAIN],
      HttpVersion: 'http2and3',
      IPV6Enabled: true,
      ViewerCertificate: {
        AcmCertificateArn: ARN,
        MinimumProtocolVersion: 'TLSv1.2_2021',
        SslSupportMethod: 'sni-only',
      },
    })
    expect(config).not.toHaveProperty('WebACLId')
    expect(config).not.toHaveProperty('Logging')
  })
})

test('a construct with an edge refuses a bucket with dots in its name', () => {
  const dotted = { ...EDGE, edge: 'on', bucket: 'my.bucket' }
  expect(() => synth(dotted)).toThrow(/without dots/)
  expect(synth({ bucket: 'my.bucket' }).Outputs.BucketName).toBeDefined()
})

describe('the steps on the way to the edge and back', () => {
  const pointsTo = (template: ReturnType<typeof synth>): string => {
    const [record] = ofType(template, 'AWS::Route53::RecordSet')
    const { AliasTarget } = record?.Properties ?? {}
    return text((AliasTarget as { DNSName: unknown }).DNSName)
  }

  const STATES: readonly (readonly [
    state: string,
    distributions: number,
    to: RegExp,
    names: number,
    setting: string | undefined,
    uploadOrigin: boolean,
  ])[] = [
    ['off', 0, /RegionalDomainName/, 1, undefined, true],
    ['beside', 1, /RegionalDomainName/, 1, 'open', true],
    ['open', 1, /EdgeDistribution.*DomainName/, 1, 'open', true],
    ['on', 1, /EdgeDistribution.*DomainName/, 0, 'on', false],
  ]
  test.each(STATES)('%s', (state, distributions, to, names, setting, uploadOrigin) => {
    const template = at(state)
    expect(ofType(template, DISTRIBUTION)).toHaveLength(distributions)
    expect(pointsTo(template)).toMatch(to)
    expect(ofType(template, 'AWS::ApiGatewayV2::DomainName')).toHaveLength(names)
    const settings = settingsIn(template)
    expect(settings.SLIPWAY_EDGE).toBe(setting)
    expect(settings.SLIPWAY_PUBLIC_URL).toBe(`https://${DOMAIN}`)
    expect(settings.SLIPWAY_UPLOAD_ORIGIN !== undefined).toBe(uploadOrigin)
    const { DisableExecuteApiEndpoint } = only(template, 'AWS::ApiGatewayV2::Api')
    expect(DisableExecuteApiEndpoint).toBe(state === 'off')
  })

  test('the records stay the same resources, so that a step changes them in place', () => {
    const names = ['off', 'beside', 'open', 'on'].map((state) =>
      Object.entries(at(state).Resources)
        .filter(([, { Type }]) => Type === 'AWS::Route53::RecordSet')
        .map(([name]) => name)
        .sort(),
    )
    expect(new Set(names.map(String)).size).toBe(1)
    expect(names[0]).toHaveLength(2)
  })

  test('functions know a new secret before it is shown', () => {
    const { Resources } = at('on', { edgeSecrets: '2,1' })
    const [edge] = Object.values(Resources).filter(({ Type }) => Type === DISTRIBUTION)
    const { DependsOn } = edge as unknown as { DependsOn: string[] }
    const types = DependsOn.map((name) => Resources[name]?.Type)
    expect(types).toContain('AWS::Lambda::Function')
    expect(types.some((type) => /Web/.test(type ?? ''))).toBe(true)
    expect(settingsIn(at('on', { edgeSecrets: '2,1' })).SLIPWAY_EDGE_SECRETS).toBe('2,1')
    expect(only(at('on', { edgeSecrets: '2,1' }), 'Custom::SlipwayEdgeSecret').Names).toBe('2,1')
  })

  test('PushHost is there until the edge is on, and then if it is asked for', () => {
    const has = (template: ReturnType<typeof synth>) => template.Outputs.PushHost !== undefined
    expect(['off', 'open', 'on'].map((state) => has(at(state)))).toEqual([true, true, false])
    expect(has(at('on', { pushHost: 'on' }))).toBe(true)
  })

  const own = { domain: DOMAIN, certificate: ARN.replace('us-east-1', 'eu-central-1') }
  test.each([
    ['beside', /RegionalDomainName/],
    ['open', /Distribution/],
    ['on', /Distribution/],
  ])('%s without a zone: says what the name must lead to', (edge, to) => {
    const { Outputs } = synth({ ...own, edge, edgeCertificate: ARN })
    expect(text(Outputs.DomainTarget?.Value)).toMatch(to)
    expect(text(Outputs.EdgeTarget?.Value)).toMatch(/Distribution/)
  })
})

describe('the secret', () => {
  test('is nowhere in the templates: a function of the same code derives it', () => {
    const { Properties } = ofType(at('on'), 'AWS::Lambda::Function').find(
      ({ Properties: { Handler } }) => Handler === 'edge-secret.handler',
    )!
    const variables = (Properties.Environment as { Variables: Record<string, unknown> }).Variables
    expect(Object.keys(variables).sort()).toEqual([
      'SLIPWAY_EDGE_SECRETS',
      'SLIPWAY_SIGNING_KEY',
      'SLIPWAY_STORE',
      'SLIPWAY_UPLOAD_KEY',
    ])
  })

  test('its function may use the key that seals upload states, and nothing else', () => {
    const { Resources } = at('on')
    const [, role] = Object.entries(Resources).find(([name]) => /EdgeRole/.test(name))!
    expect(role.Properties).not.toHaveProperty('ManagedPolicyArns')
    const policy = Object.entries(Resources).find(([name]) => /EdgeSecretPermissions/.test(name))!
    const { Statement } = policy[1].Properties.PolicyDocument as {
      Statement: { Action: unknown }[]
    }
    expect(Statement.map(({ Action }) => Action)).toEqual([
      'kms:GenerateMac',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ])
  })
})

describe('what lives in us-east-1', () => {
  const all = stacks({ ...EDGE, edge: 'on' })

  test('a stack for the certificate and the function, one for the log', () => {
    expect(Object.keys(all)).toEqual(['slipway-edge', 'slipway', 'slipway-edge-log'])
    const edge = all['slipway-edge']!
    expect(only(edge, 'AWS::CertificateManager::Certificate').DomainName).toBe(DOMAIN)
    const [made] = ofType(edge, 'AWS::Lambda::Function').filter(
      ({ Properties }) => Properties.Handler === 'index.handler' && !Properties.Environment,
    )
    // What Lambda@Edge takes: no environment, no arm64, a numbered version.
    expect(made?.Properties).not.toHaveProperty('Architectures')
    expect(ofType(edge, 'AWS::Lambda::Version')).toHaveLength(1)
    expect(ofType(edge, 'AWS::WAFv2::WebACL')).toEqual([])
  })

  test('the log has no query', () => {
    const { RecordFields } = only(all['slipway-edge-log']!, 'AWS::Logs::Delivery')
    expect(RecordFields).toContain('cs-uri-stem')
    expect(RecordFields).not.toContain('cs-uri-query')
    expect(RecordFields).not.toContain('cs(Referer)')
    expect(RecordFields).not.toContain('cs(Cookie)')
  })

  test('nothing of it without an edge, no log without edgeLogs', () => {
    expect(Object.keys(stacks(EDGE))).toEqual(['slipway'])
    const without = stacks({ ...EDGE, edge: 'on', edgeLogs: 'off' })
    expect(Object.keys(without)).toEqual(['slipway-edge', 'slipway'])
  })

  test('a web ACL when it is asked for: 429 for too many requests to /token of an address', () => {
    const made = stacks({ ...EDGE, edge: 'on', edgeTokenRate: 300 })
    const { Scope, Rules } = only(made['slipway-edge']!, 'AWS::WAFv2::WebACL')
    expect(Scope).toBe('CLOUDFRONT')
    expect(Rules).toMatchObject([
      {
        Statement: {
          RateBasedStatement: {
            Limit: 300,
            AggregateKeyType: 'IP',
            ScopeDownStatement: {
              ByteMatchStatement: {
                SearchString: '/token',
                PositionalConstraint: 'EXACTLY',
                // In all spellings.
                TextTransformations: [
                  { Priority: 0, Type: 'URL_DECODE' },
                  { Priority: 1, Type: 'NORMALIZE_PATH' },
                ],
              },
            },
          },
        },
        Action: { Block: { CustomResponse: { ResponseCode: 429 } } },
      },
    ])
    const { DistributionConfig } = only(made.slipway!, DISTRIBUTION)
    expect(DistributionConfig).toHaveProperty('WebACLId')
  })

  test('needs to know where the registry is deployed', () => {
    const app = new App({ context: { ...FLAGS, ...EDGE, edge: 'on' }, analyticsReporting: false })
    expect(() => createStacks(app, readContext(app.node), CODE, {})).toThrow(
      'edge needs an account and a Region',
    )
  })
})

test('the functions at the edge are within their limit', () => {
  const code = readFileSync(new URL('../../lib/edge/manifest-digest.js', import.meta.url))
  expect(code.byteLength).toBeLessThan(10 * 1024)
})
