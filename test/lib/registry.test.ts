/**
 * The registry as a part of somebody else's stack.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { Stack } from 'aws-cdk-lib'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, test } from 'vitest'
import { Registry } from '../../lib/registry.ts'
import { CODE, ofType, only, statementsOf, templateOf, withApp, written } from './synth.ts'

describe('in a stack of its user', () => {
  test('there can be two, apart from each other', () => {
    const template = withApp({}, (app) => {
      const stack = new Stack(app, 'Mine')
      for (const id of ['One', 'Two']) new Registry(stack, id, { code: CODE })
      return templateOf(stack)
    })
    const stores = ofType(template, 'AWS::Lambda::Function').flatMap(({ Properties }) => {
      const { Variables = {} } = (Properties.Environment ?? {}) as {
        Variables?: Record<string, unknown>
      }
      // The functions that copy code have none.
      return Variables.SLIPWAY_STORE === undefined ? [] : [written(Variables.SLIPWAY_STORE)]
    })
    assert.equal(new Set(stores).size, 2)
    const names = ofType(template, 'AWS::Lambda::WebFunction').map(({ Properties }) =>
      written(Properties.FunctionName),
    )
    assert.equal(new Set(names).size, 2)
    for (const name of names)
      assert.ok(name.replace('<AWS::Region>', 'ap-northeast-1').length <= 64)
    // Two for each: all that it keeps, and the code of the Web Function.
    assert.equal(ofType(template, 'AWS::S3::Bucket').length, 4)
  })

  test('it takes a bucket and a key that are made there, and lets the role use them', () => {
    const { template, findings } = withApp({}, (app) => {
      const stack = new Stack(app, 'Mine')
      const encryptionKey = new Key(stack, 'Key', { enableKeyRotation: true })
      const bucket = new Bucket(stack, 'Theirs', { encryptionKey, enforceSSL: true })
      new Registry(stack, 'Registry', { bucket, encryptionKey, prefix: '/a/b/', code: CODE })
      const { violations } = new AwsSolutionsChecks(app).validateScope(app)
      return { template: templateOf(stack), findings: violations }
    })
    const bucket = Object.entries(template.Resources).find(
      ([, each]) => each.Type === 'AWS::S3::Bucket',
    )
    const statements = statementsOf(only(template, 'AWS::IAM::Policy').PolicyDocument)
    const blobs = statements.find(({ sid }) => sid === 'Blobs')
    assert.deepEqual(blobs?.resources, [`<${bucket?.[0]}.Arn>/a/b/docker/registry/v2/blobs/*`])
    const encryption = statements.find(({ sid }) => sid === 'Encryption')
    assert.match(encryption?.resources.join() ?? '', /^<Key\w+\.Arn>$/)
    // Their bucket has no log of accesses, which is theirs to acknowledge.
    assert.deepEqual(
      findings.map(({ ruleName }) => ruleName.replace(/^.*-/, '')),
      ['S1'],
    )
  })

  test('all of an organization may log in: both functions may list its accounts, and know the name', () => {
    const { template, findings } = withApp({}, (app) => {
      const stack = new Stack(app, 'Mine')
      new Registry(stack, 'Registry', { awsLogIns: { accounts: 'organization' }, code: CODE })
      const { violations } = new AwsSolutionsChecks(app).validateScope(app)
      return { template: templateOf(stack), findings: violations }
    })
    assert.deepEqual(findings, [])
    const lists = ofType(template, 'AWS::IAM::Policy').filter(({ Properties }) =>
      statementsOf(Properties.PolicyDocument).some(
        ({ sid, actions, resources }) =>
          sid === 'Organization' &&
          actions.join() === 'organizations:ListAccounts' &&
          resources.join() === '*',
      ),
    )
    assert.equal(lists.length, 2)
    const told = [
      ...ofType(template, 'AWS::Lambda::Function').map(
        ({ Properties }) =>
          (Properties.Environment as { Variables?: object } | undefined)?.Variables,
      ),
      ...ofType(template, 'AWS::Lambda::WebFunctionRevision').map(
        ({ Properties }) =>
          (Properties.ServiceConfig as { EnvironmentVariables: object }).EnvironmentVariables,
      ),
    ]
    const names = told.flatMap((variables = {}) => {
      const name: unknown = Reflect.get(variables, 'SLIPWAY_AWS_AUDIENCE')
      return name === undefined ? [] : [written(name)]
    })
    assert.equal(names.length, 2)
    for (const name of names) {
      assert.match(name, /^<\w+Api\w*>\.execute-api\.<AWS::Region>\.<AWS::URLSuffix>$/)
    }
  })

  test('a domain without certificate or zone is refused', () => {
    assert.throws(
      () =>
        withApp({}, (app) => {
          const domain = { name: 'registry.example.com' }
          return new Registry(new Stack(app, 'Mine'), 'Registry', { domain, code: CODE })
        }),
      /registry\.example\.com needs a certificate, or a zone/,
    )
  })
})
