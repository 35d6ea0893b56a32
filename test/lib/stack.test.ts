/**
 * What holds for the whole template: who may do what, what is in it and what is not, what it says.
 *
 * `template.json` is the template as of the last review. After a change that is meant:
 *
 *     npx node test/lib/write-template.ts && npm run format
 *
 * and read the difference before it is committed.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import { parse } from '../../functions/cli/parse.ts'
import { COMMANDS } from '../../functions/cli/table/commands.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import {
  type Context,
  ofType,
  part,
  SNAPSHOT,
  type Statement,
  snapshotOf,
  statementsOf,
  synth,
  type TemplateJson,
  written,
} from './synth.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'

/** All that can be in a template. */
const ALL: Context = {
  domain: 'registry.example.com',
  hostedZoneId: 'Z0123456789',
  hostedZoneName: 'example.com',
  kmsKey: KEY,
  alarmEmail: 'ops@example.com',
  signingKeys: '1,2',
}

describe('the template is as it was reviewed', () => {
  const reviewed: TemplateJson = JSON.parse(readFileSync(SNAPSHOT, 'utf8'))
  const template = snapshotOf(synth())
  for (const part of ['Resources', 'Outputs'] as const) {
    // One by one, so that a difference shows where it is.
    for (const id of new Set([...Object.keys(reviewed[part]), ...Object.keys(template[part])])) {
      test(id, () => assert.deepEqual(template[part][id], reviewed[part][id]))
    }
  }
})

describe('permissions', () => {
  const template = synth(ALL)
  const POLICIES = ['PolicyDocument', 'KeyPolicy', 'AssumeRolePolicyDocument']
  const statements = Object.entries(template.Resources).flatMap(([id, { Properties }]) =>
    POLICIES.flatMap((name) => {
      const document = Properties[name] as { readonly Statement: object[] } | undefined
      if (document === undefined) return []
      // Who may assume a role is said without a resource.
      const complete = document.Statement.map((each) => ({ Resource: 'itself', ...each }))
      return statementsOf({ Statement: complete }).map((each) => ({ id, name, ...each }))
    }),
  )
  const allowed: readonly (Statement & { id: string; name: string })[] = statements.filter(
    ({ effect }) => effect === 'Allow',
  )

  test('are written out: no action has a wildcard', () => {
    assert.ok(allowed.length > 15)
    for (const { id, actions } of allowed) {
      for (const action of actions) assert.match(action, /^[a-z0-9]+:[A-Za-z]+$/, id)
    }
  })

  test('name what they are for: only keys of KMS, in their own policies, call themselves *', () => {
    for (const { id, name, resources } of allowed.filter((each) => each.resources.includes('*'))) {
      assert.equal(name, 'KeyPolicy', id)
      assert.deepEqual(resources, ['*'])
    }
    for (const { resources } of allowed) {
      for (const resource of resources) assert.match(resource, /^\*$|^[^*]+(?:\/\*)?$/)
    }
  })

  test('are for nobody else: no principal is everyone, and none another account', () => {
    for (const { id, principal } of allowed) {
      if (principal === undefined) continue
      const text = JSON.stringify(principal)
      assert.doesNotMatch(text, /"\*"|\d{12}/, id)
    }
  })
})

describe('the template', () => {
  const template = synth(ALL)

  test('has only what CloudFormation has natively, but for the copy of the Web Function code', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type)
    assert.deepEqual(
      types.filter((type) => !type.startsWith('AWS::') || type.includes('CustomResource')),
      ['Custom::S3ObjectCopy'],
    )
    // Of the API, of the Web Function, and of what copies its code.
    assert.equal(ofType(template, 'AWS::Lambda::Function').length, 2)
    assert.equal(ofType(template, 'AWS::IAM::Role').length, 3)
    const without = synth({ webFunction: 'off' })
    assert.equal(ofType(without, 'AWS::Lambda::Function').length, 1)
    assert.equal(ofType(without, 'AWS::IAM::Role').length, 1)
    assert.deepEqual(Object.keys(part(without, true).Resources), [])
  })

  test('has nothing that is billed by the hour', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type))
    assert.deepEqual([...types].sort(), [
      'AWS::ApiGatewayV2::Api',
      'AWS::ApiGatewayV2::ApiMapping',
      'AWS::ApiGatewayV2::DomainName',
      'AWS::ApiGatewayV2::Integration',
      'AWS::ApiGatewayV2::Route',
      'AWS::ApiGatewayV2::Stage',
      'AWS::CertificateManager::Certificate',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::IAM::Policy',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Lambda::WebFunction',
      'AWS::Lambda::WebFunctionEndpoint',
      'AWS::Lambda::WebFunctionRevision',
      'AWS::Logs::LogGroup',
      'AWS::Logs::MetricFilter',
      'AWS::Route53::RecordSet',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Subscription',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'Custom::S3ObjectCopy',
    ])
    const { ProvisionedConcurrencyConfig, SnapStart, VpcConfig } = ofType(
      template,
      'AWS::Lambda::Function',
    )[0]!.Properties
    assert.deepEqual(
      [ProvisionedConcurrencyConfig, SnapStart, VpcConfig],
      [undefined, undefined, undefined],
    )
  })

  test('has nothing secret in it: no long random text, no parameter that holds one', () => {
    // Names of resources, hashes of assets and keys of the bootstrap stack are known.
    const text = JSON.stringify(template)
      .replaceAll(/[0-9a-f]{64}\.zip|cdk-hnb659fds-\w+|"ContentHash":"[0-9a-f]{64}"/g, '')
      .replaceAll(KEY, '')
    assert.doesNotMatch(text, /private.key|BEGIN |AKIA|secretsmanager|ssm-secure|NoEcho/i)
    assert.doesNotMatch(text, /\b[0-9a-f]{32,}\b|[A-Za-z0-9+/]{43}=/)
    const { Parameters } = template as unknown as { readonly Parameters: object }
    assert.deepEqual(Object.keys(Parameters), ['BootstrapVersion'])
  })

  test('tags all that can be tagged', () => {
    const tagged = synth({ name: 'mine', tags: 'team=infra,stage=test' })
    const tags = [
      { Key: 'project', Value: 'mine' },
      { Key: 'stage', Value: 'test' },
      { Key: 'team', Value: 'infra' },
    ]
    const types = ['S3::Bucket', 'KMS::Key', 'Lambda::Function', 'IAM::Role', 'Logs::LogGroup']
    for (const type of [...types, 'CloudWatch::Alarm']) {
      const found = ofType(tagged, `AWS::${type}`)
      assert.ok(found.length > 0)
      for (const { Properties } of found) assert.deepEqual(Properties.Tags, tags, type)
    }
    for (const type of ['Api', 'Stage']) {
      const [resource] = ofType(tagged, `AWS::ApiGatewayV2::${type}`)
      assert.deepEqual(resource?.Properties.Tags, { project: 'mine', stage: 'test', team: 'infra' })
    }
  })

  test('takes tags from cdk.json as an object, too', () => {
    const [role] = ofType(synth({ tags: { team: 'infra' } }), 'AWS::IAM::Role')
    assert.deepEqual(role?.Properties.Tags, [
      { Key: 'project', Value: 'slipway' },
      { Key: 'team', Value: 'infra' },
    ])
  })
})

describe('outputs', () => {
  const commands: readonly (readonly [
    output: string,
    context: Context,
    words: readonly string[],
  ])[] = [
    ['FirstUser', {}, ['user', 'add', 'admin']],
    ['FirstUser', { bucket: 'there-already', prefix: 'a', kmsKey: KEY }, ['user', 'add', 'admin']],
    ['CreateKeys', { keys: 'bucket' }, ['keys', 'create']],
    ['SetPolicy', {}, ['policy', 'set', 'policy.yaml']],
  ]
  for (const [output, context, words] of commands) {
    test(`${output} is a command of slipway, with ${JSON.stringify(context)}`, () => {
      const text = written(synth(context).Outputs[output]?.Value)
      const [, line = ''] = text.match(/^npm run slipway -- (.*)$/) ?? []
      const deployed = line.replace('<AWS::Region>', 'eu-west-1').replace(/<\w+>/, 'some-bucket')
      const call = parse(deployed.split(' '), COMMANDS)
      assert.ok('command' in call)
      assert.deepEqual([call.command.name, ...Object.values(call.args)].join(' '), words.join(' '))
      const settings = readSettings(call.settings, {})
      assert.deepEqual(settings.store, {
        kind: 's3',
        bucket: context.bucket ?? 'some-bucket',
        prefix: context.prefix ?? '',
      })
      assert.equal(settings['s3-region'], 'eu-west-1')
      assert.equal(settings['s3-kms-key'], context.kmsKey)
    })
  }

  test('say nothing of a policy in the store where one is deployed', () => {
    const policy = new URL('./code/policy.yaml', import.meta.url).pathname
    const { Outputs } = synth({ policy })
    assert.equal(Outputs.SetPolicy, undefined)
    assert.ok(Outputs.FirstUser)
  })
})
