/**
 * The Web Function: its configuration, what it may do, where its code lies, and how the API knows it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import {
  type Context,
  ofType,
  only,
  onlyIn,
  part,
  type Statement,
  statementsOf,
  synth,
  type TemplateJson,
  written,
} from './synth.ts'

const template = synth()
const web = part(template, true)
const lambda = (name: string): string => `AWS::Lambda::${name}`

interface ServiceConfig {
  readonly EnvironmentVariables: Readonly<Record<string, unknown>>
  readonly ExecutionRoleArn: unknown
  readonly TelemetryConfig: { readonly LoggingConfig: Readonly<Record<string, unknown>> }
}

const serviceOf = (of: TemplateJson): ServiceConfig =>
  onlyIn(of, lambda('WebFunctionRevision')).ServiceConfig as ServiceConfig

const variablesOf = (of: TemplateJson): Record<string, string> =>
  Object.fromEntries(
    Object.entries(serviceOf(of).EnvironmentVariables).map(([name, value]) => [
      name,
      written(value),
    ]),
  )

const apiVariables = (of: TemplateJson): Record<string, unknown> =>
  (only(of, lambda('Function')).Environment as { Variables: Record<string, unknown> }).Variables

/** The policy of a role, by the beginning of the policy's id. */
const policyOf = (of: TemplateJson, id: string): Statement[] => {
  const [, policy] = Object.entries(of.Resources).find(
    ([name, { Type }]) => Type === 'AWS::IAM::Policy' && name.startsWith(id),
  )!
  return statementsOf(policy.Properties.PolicyDocument)
}

describe('the Web Function', () => {
  test('gives a request 15 minutes, and an environment 16 of them', () => {
    const { TimeoutSeconds, MaxConcurrencyPerEnvironment } = serviceOf(web) as unknown as Record<
      string,
      unknown
    >
    assert.deepEqual([TimeoutSeconds, MaxConcurrencyPerEnvironment], [900, 16])
    const { RuntimeConfig } = onlyIn(web, lambda('WebFunctionRevision')).BuildConfig as {
      readonly RuntimeConfig: object
    }
    assert.deepEqual(RuntimeConfig, { Runtime: 'nodejs24.x' })
  })

  const bounds: readonly (readonly [context: Context, environments: number, rate: number])[] = [
    [{}, 10, 100],
    [{ webEnvironments: '40', webRate: '2000' }, 40, 2000],
  ]
  for (const [context, environments, rate] of bounds) {
    test(`${JSON.stringify(context)}: at most ${environments} environments, ${rate} a second`, () => {
      const endpoint = onlyIn(synth(context), lambda('WebFunctionEndpoint'))
      assert.deepEqual(endpoint.ScalingConfig, { MaxEnvironments: environments })
      assert.deepEqual(endpoint.ThrottleConfig, { RateLimit: rate })
      assert.equal(endpoint.AuthType, 'ApplicationManaged')
    })
  }

  test('has the settings of the API but for its names, so that tokens and uploads are shared', () => {
    const context = { publicUrl: 'https://a.example.com', auth: 'basic', readOnly: 'on' }
    const both = synth(context)
    const api = Object.fromEntries(
      Object.entries(apiVariables(both)).map(([name, value]) => [name, written(value)]),
    )
    const { SLIPWAY_PUBLIC_URL, SLIPWAY_UPLOAD_ORIGIN, ...shared } = api
    assert.ok(SLIPWAY_PUBLIC_URL && SLIPWAY_UPLOAD_ORIGIN)
    assert.deepEqual(variablesOf(both), shared)
    const deployed = Object.entries(shared).map(([name, value]) => [
      name,
      value.replace(/<.*>/, 'some-name'),
    ])
    assert.doesNotThrow(() => readSettings([], Object.fromEntries(deployed)))
  })

  test('has a role of its own that may do the same, and writes a log of its own', () => {
    const sids = new Set(['Log'])
    const registry = (statements: Statement[]) =>
      statements.filter(({ sid = '' }) => !sids.has(sid))
    const own = policyOf(template, 'RegistryWebPermissions')
    assert.deepEqual(registry(own), registry(policyOf(template, 'RegistryApiPermissions')))
    const role = written(serviceOf(web).ExecutionRoleArn)
    assert.match(role, /^<RegistryWebRole\w+\.Arn>$/)
    const { LogGroup, ...levels } = serviceOf(web).TelemetryConfig.LoggingConfig
    assert.deepEqual(levels, { ApplicationLogLevel: 'TRACE', SystemLogLevel: 'INFO' })
    const log = own.find(({ sid }) => sid === 'Log')
    assert.deepEqual(log?.resources, [written(LogGroup).replace('>', '.Arn>')])
  })

  test('comes after its permissions', () => {
    for (const type of ['WebFunction', 'WebFunctionRevision', 'WebFunctionEndpoint']) {
      const [resource] = ofType(web, lambda(type)) as unknown as { readonly DependsOn: string[] }[]
      const policies = resource?.DependsOn.filter((id) => id.startsWith('RegistryWebPermissions'))
      assert.equal(policies?.length, 1, type)
    }
  })
})

describe('its code', () => {
  const bucket = onlyIn(web, 'AWS::S3::Bucket')

  test('lies in a bucket as private as that of the registry', () => {
    const hardening = [
      'PublicAccessBlockConfiguration',
      'OwnershipControls',
      'VersioningConfiguration',
      'BucketEncryption',
    ]
    const registry = only(template, 'AWS::S3::Bucket')
    for (const name of hardening) {
      assert.ok(bucket[name])
      assert.deepEqual(bucket[name], registry[name], name)
    }
    const { Rules } = bucket.LifecycleConfiguration as { readonly Rules: readonly object[] }
    // Never by age: the version that runs need not be the newest of its key.
    for (const rule of Rules) {
      for (const rot of ['NoncurrentVersionExpiration', 'ExpirationInDays']) {
        assert.ok(!(rot in rule))
      }
    }
  })

  test('is for Lambda to read on behalf of this function, and for nobody over plain HTTP', () => {
    const statements = statementsOf(onlyIn(web, 'AWS::S3::BucketPolicy').PolicyDocument)
    const [plain, oldTls, read, ...more] = statements
    assert.equal(more.length, 0)
    assert.deepEqual([plain?.effect, oldTls?.effect], ['Deny', 'Deny'])
    assert.deepEqual(read?.principal, { Service: 'lambda.amazonaws.com' })
    assert.deepEqual(read?.actions, ['s3:GetObject', 's3:GetObjectVersion'])
    assert.match(read?.resources.join() ?? '', /^<RegistryWebCodeBucket\w+\.Arn>\/web-function\//)
    const name = written(onlyIn(web, lambda('WebFunction')).FunctionName)
    const { StringEquals, ArnLike } = read?.condition ?? {}
    assert.deepEqual(StringEquals, { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } })
    const source = written(ArnLike?.['aws:SourceArn'])
    assert.ok(source.endsWith(`:web-function/${name}/revision/*`), source)
  })

  test('is copied by a role that may do that and no more', () => {
    const statements = policyOf(web, 'RegistryWebCodePermissions')
    assert.deepEqual(
      statements.map(({ sid, actions, resources }) => [
        sid,
        actions,
        resources.map((resource) => resource.replace(/(<RegistryWebCode[A-Z][a-z]+)\w+/, '$1')),
      ]),
      [
        [
          'Source',
          ['s3:GetObject'],
          ['arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/*'],
        ],
        [
          'Copies',
          ['s3:DeleteObjectVersion', 's3:PutObject'],
          ['<RegistryWebCodeBucket.Arn>/web-function/*'],
        ],
        ['Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], ['<RegistryWebCodeLog.Arn>']],
      ],
    )
    const copying = onlyIn(web, lambda('Function'))
    assert.match(written(copying.Role), /^<RegistryWebCodeRole\w+\.Arn>$/)
    for (const { Properties } of ofType(web, 'AWS::IAM::Role')) {
      assert.equal(Properties.ManagedPolicyArns, undefined)
    }
  })
})

describe('the API', () => {
  const endpoint = /^https:\/\/<RegistryWebFunctionEndpoint\w+\.DomainName>$/
  const cases: readonly (readonly [
    context: Context,
    origin: RegExp | undefined,
    pushHost: RegExp | undefined,
    webFunctions: number,
  ])[] = [
    [{}, endpoint, /^<RegistryWebFunctionEndpoint\w+\.DomainName>$/, 1],
    [{ webFunction: 'off' }, undefined, undefined, 0],
    [
      { uploadOrigin: 'https://push.example.com' },
      /^https:\/\/push\.example\.com$/,
      /^push\.example\.com$/,
      0,
    ],
    [
      { uploadOrigin: 'https://push.example.com', webFunction: 'on' },
      /^https:\/\/push\.example\.com$/,
      /^<RegistryWebFunctionEndpoint\w+\.DomainName>$/,
      1,
    ],
  ]
  for (const [context, origin, pushHost, webFunctions] of cases) {
    test(`with ${JSON.stringify(context)}: uploads to ${origin?.source ?? 'itself'}`, () => {
      const made = synth(context)
      assert.equal(ofType(made, lambda('WebFunction')).length, webFunctions)
      const { SLIPWAY_UPLOAD_ORIGIN: given } = apiVariables(made)
      if (origin === undefined) assert.equal(given, undefined)
      else assert.match(written(given), origin)
      const output = made.Outputs.PushHost?.Value
      if (pushHost === undefined) assert.equal(output, undefined)
      else assert.match(written(output), pushHost)
    })
  }
})
