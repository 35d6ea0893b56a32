/**
 * The function: its configuration, its code, its log.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import {
  type Context,
  ofType,
  only,
  part,
  stackIn,
  statementsOf,
  synth,
  type TemplateJson,
  templateOf,
  withApp,
  written,
} from './synth.ts'

const POLICY = 'version: 1\nrules: []\n'
const directory = mkdtempSync(join(tmpdir(), 'slipway-test-'))
afterAll(() => rmSync(directory, { recursive: true }))
const policy = (name: string): string => {
  const path = join(directory, name)
  writeFileSync(path, name.endsWith('.json') ? '{"version":1,"rules":[]}' : POLICY)
  return path
}

const functionOf = (context: Context = {}) => only(synth(context), 'AWS::Lambda::Function')
const variablesOf = (context: Context = {}): Record<string, string> => {
  const { Variables } = functionOf(context).Environment as { Variables: Record<string, unknown> }
  return Object.fromEntries(
    Object.entries(Variables).map(([name, value]) => [name, written(value)]),
  )
}

describe('the function', () => {
  const properties = functionOf()
  const expected: readonly (readonly [name: string, value: unknown])[] = [
    ['Runtime', 'nodejs24.x'],
    ['Architectures', ['arm64']],
    ['Handler', 'api.handler'],
    ['MemorySize', 1024],
    ['Timeout', 30],
    ['ReservedConcurrentExecutions', undefined],
    ['TracingConfig', undefined],
  ]
  for (const [name, value] of expected) {
    test(`${name} is ${JSON.stringify(value)}`, () => assert.deepEqual(properties[name], value))
  }

  test('writes JSON to a log of its own, of which Lambda drops nothing', () => {
    const { LogGroup, ...logging } = properties.LoggingConfig as Record<string, unknown>
    assert.deepEqual(logging, {
      LogFormat: 'JSON',
      ApplicationLogLevel: 'TRACE',
      SystemLogLevel: 'INFO',
    })
    assert.ok(written(LogGroup))
    const template = part(synth({ logRetention: '7' }), false)
    const groups = ofType(template, 'AWS::Logs::LogGroup')
    assert.equal(groups.length, 2)
    for (const group of groups) assert.equal(group.Properties.RetentionInDays, 7)
    const log = statementsOf(only(template, 'AWS::IAM::Policy').PolicyDocument).find(
      ({ sid }) => sid === 'Log',
    )
    assert.deepEqual(log?.actions, ['logs:CreateLogStream', 'logs:PutLogEvents'])
    assert.match(log?.resources.join() ?? '', /^<\w+Log\w+\.Arn>$/)
  })

  test('has names and no secrets in its environment, which the handler reads', () => {
    const variables = variablesOf()
    assert.deepEqual(Object.keys(variables).sort(), [
      'SLIPWAY_S3_DUALSTACK',
      'SLIPWAY_SIGNING_KEY',
      'SLIPWAY_STORE',
      'SLIPWAY_UPLOAD_KEY',
      'SLIPWAY_UPLOAD_ORIGIN',
    ])
    const { SLIPWAY_S3_DUALSTACK: dualstack, ...names } = variables
    assert.equal(dualstack, 'on')
    for (const [name, value] of Object.entries(names)) {
      assert.match(value, /^(?:s3:\/\/|kms:|https:\/\/)<[A-Za-z0-9.]+>$/, name)
    }
    // With what CloudFormation puts in the place of names and ARNs.
    const deployed = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value.replace(/<.*>/, 'some-name')]),
    )
    const settings = readSettings([], deployed)
    assert.deepEqual(settings.store, { kind: 's3', bucket: 'some-name', prefix: '' })
  })
})

describe('context values that the function is told', () => {
  const told: readonly (readonly [context: Context, name: string, value: string | undefined])[] = [
    [{ prefix: 'a/b', bucket: 'there-already' }, 'SLIPWAY_STORE', 's3://there-already/a/b'],
    [{ publicUrl: 'http://127.0.0.1:8080' }, 'SLIPWAY_PUBLIC_URL', 'http://127.0.0.1:8080'],
    [{ readOnly: 'on' }, 'SLIPWAY_READ_ONLY', 'on'],
    [{ readOnly: 'off' }, 'SLIPWAY_READ_ONLY', undefined],
    [{ indexChildren: 'mirror/**=none' }, 'SLIPWAY_INDEX_CHILDREN', 'mirror/**=none'],
    [{ gc: 'on' }, 'SLIPWAY_GC', 'on'],
    [{ manifestHeads: 'redirect' }, 'SLIPWAY_MANIFEST_HEADS', 'redirect'],
    [
      { cors: 'https://ui.example,http://localhost:8080' },
      'SLIPWAY_CORS',
      'https://ui.example,http://localhost:8080',
    ],
    [{ cors: '*' }, 'SLIPWAY_CORS', '*'],
    [{ auth: 'basic' }, 'SLIPWAY_AUTH', 'basic'],
    [{ tokenService: 'registry.example' }, 'SLIPWAY_TOKEN_SERVICE', 'registry.example'],
    [{ uploadLife: '2h' }, 'SLIPWAY_UPLOAD_LIFE', '2h'],
    [{ tokenIssuer: 'example' }, 'SLIPWAY_TOKEN_ISSUER', 'example'],
    [
      { tokenRealm: 'https://auth.example/token' },
      'SLIPWAY_TOKEN_REALM',
      'https://auth.example/token',
    ],
    [
      { awsAllow: '123456789012,arn:aws:iam::210987654321:role/ci-*' },
      'SLIPWAY_AWS_ALLOW',
      '123456789012,arn:aws:iam::210987654321:role/ci-*',
    ],
    [
      { awsAllow: '123456789012,arn:aws:iam::210987654321:role/ci-*' },
      'SLIPWAY_AWS_ACCOUNTS',
      '123456789012,arn:aws:iam::210987654321:role/ci-*',
    ],
    [{ awsAllow: '123456789012' }, 'SLIPWAY_AWS_REGIONS', '<AWS::Region>'],
    [
      { awsAccounts: 'organization', publicUrl: 'https://Registry.example:8443' },
      'SLIPWAY_AWS_AUDIENCE',
      'registry.example:8443',
    ],
    [{ awsAccounts: 'organization' }, 'SLIPWAY_AWS_ACCOUNTS', 'organization'],
    [
      { awsAccounts: '123456789012', awsRegions: 'eu-west-1,us-east-1' },
      'SLIPWAY_AWS_REGIONS',
      'eu-west-1,us-east-1',
    ],
    [{ bucketOwner: '012345678901' }, 'SLIPWAY_S3_BUCKET_OWNER', '012345678901'],
    [{ s3Direct: 'off' }, 'SLIPWAY_S3_DIRECT', 'off'],
    [{ dualstack: 'off' }, 'SLIPWAY_S3_DUALSTACK', undefined],
    [{ logLevel: 'warn' }, 'SLIPWAY_LOG_LEVEL', 'warn'],
    [{ page: 'on' }, 'SLIPWAY_PAGE', 'on'],
    [{ page: 'off' }, 'SLIPWAY_PAGE', undefined],
    [{ policy: policy('mine.yaml') }, 'SLIPWAY_POLICY', 'policy.yaml'],
    [{ policy: policy('mine.json') }, 'SLIPWAY_POLICY', 'policy.json'],
  ]
  for (const [context, name, value] of told) {
    const given = JSON.stringify(context).replace(directory, '')
    test(`${given}: ${name}=${value}`, () => {
      const variables = variablesOf(context)
      assert.equal(variables[name], value)
      const known = Object.fromEntries(
        Object.entries(variables).map(([each, text]) => [
          each,
          text.replace(/^<AWS::Region>$/, 'eu-west-1').replace(/<.*>/, 'some-name'),
        ]),
      )
      assert.doesNotThrow(() => readSettings([], known))
    })
  }

  const configured: readonly (readonly [context: Context, name: string, value: unknown])[] = [
    [{ memory: '2048' }, 'MemorySize', 2048],
    [{ memory: 512 }, 'MemorySize', 512],
    [{ reservedConcurrency: '20' }, 'ReservedConcurrentExecutions', 20],
  ]
  for (const [context, name, value] of configured) {
    test(`${JSON.stringify(context)}: ${name}=${value}`, () => {
      assert.equal(functionOf(context)[name], value)
    })
  }

  test('is traced when that is wanted, with no more rights than that needs', () => {
    const traced = synth({ tracing: 'on' })
    assert.deepEqual(only(traced, 'AWS::Lambda::Function').TracingConfig, { Mode: 'Active' })
    const policy = (of: TemplateJson) => statementsOf(only(of, 'AWS::IAM::Policy').PolicyDocument)
    const added = policy(traced).filter(({ sid }) => sid === 'Tracing')
    assert.deepEqual(
      added.map(({ actions, resources }) => [actions, resources]),
      [[['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], ['*']]],
    )
    assert.equal(policy(traced).length, policy(synth()).length + 1)
  })

  test('the page lies beside the code of that behind the API alone, and only where it is wanted', () => {
    for (const [page, expected] of [
      ['on', ['api.mjs page']],
      ['off', []],
    ] as const) {
      const beside = withApp({ page }, (app) => {
        templateOf(stackIn(app))
        const paths = readdirSync(app.outdir, { recursive: true, encoding: 'utf8' })
        const pages = paths.filter((path) => path.endsWith('/page/index.html'))
        return pages.map((path) =>
          readdirSync(join(app.outdir, path, '../..'))
            .sort()
            .join(' '),
        )
      })
      assert.deepEqual(beside, expected)
    }
  })

  test('the access document lies beside the code of both', () => {
    const assets = withApp({ policy: policy('mine.yaml') }, (app) => {
      templateOf(stackIn(app))
      const paths = readdirSync(app.outdir, { recursive: true, encoding: 'utf8' })
      const documents = paths.filter((path) => path.endsWith('policy.yaml'))
      return documents.map((path) => ({
        text: readFileSync(join(app.outdir, path), 'utf8'),
        files: readdirSync(join(app.outdir, path, '..')).sort(),
      }))
    })
    const names = assets.map(({ files }) => files.join(' ')).sort()
    assert.deepEqual(names, ['api.mjs policy.yaml', 'index.js policy.yaml'])
    for (const { text } of assets) assert.equal(text, POLICY)
  })
})
