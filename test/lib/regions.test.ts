/**
 * Stacks of two Regions: the first, whose bucket S3 copies, and a second way to it.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import * as layout from '../../functions/registry/layout.ts'
import { SEARCH_PREFIX } from '../../functions/search/keys.ts'
import { COPIED } from '../../lib/replication.ts'
import { ofType, only, onlyIn, part, type Statement, statementsOf, synth } from './synth.ts'

const KEY = 'arn:aws:kms:us-east-1:123456789012:key/mrk-'
const PRIMARY = { primaryBucket: 'images-us', primaryRegion: 'us-east-1' }
const SAME_KEYS = {
  primarySigningKeys: `${KEY}${'1'.repeat(32)},${KEY}${'2'.repeat(32)}`,
  primaryUploadKey: `${KEY}${'a'.repeat(32)}`,
}

describe('the first Region', () => {
  const template = synth({ replicaBucket: 'images-eu', prefix: 'registry' })
  const bucket = only(part(template, false), 'AWS::S3::Bucket')
  const replication = bucket.ReplicationConfiguration as {
    readonly Role: unknown
    readonly Rules: readonly Record<string, unknown>[]
  }

  test('copies what does not expire, neither keys nor what is of its edge, with delete markers', () => {
    expect(bucket.VersioningConfiguration).toEqual({ Status: 'Enabled' })
    for (const rule of replication.Rules) {
      expect(rule).toMatchObject({
        Status: 'Enabled',
        DeleteMarkerReplication: { Status: 'Enabled' },
      })
    }
    const prefixes = replication.Rules.map(({ Filter }) => (Filter as { Prefix: string }).Prefix)
    expect(prefixes).toEqual(COPIED.map((prefix) => `registry/${prefix}`))
    expect(new Set(replication.Rules.map(({ Priority }) => Priority)).size).toBe(prefixes.length)
    expect(new Set(replication.Rules.map(({ Id }) => Id)).size).toBe(prefixes.length)
    const isCopied = (key: string) =>
      prefixes.some((prefix) => `registry/${key}`.startsWith(prefix))
    const NOT_COPIED = [
      'UPLOAD_SECRET_KEY',
      'SIGNING_KEYS_KEY',
      'EDGE_CACHE_KEY',
      'FENCE_KEY',
      'PULLS_SINCE_KEY',
    ]
    for (const [name, key] of Object.entries(layout).filter(([name]) => /_KEY$/.test(name))) {
      expect([name, isCopied(key as string)]).toEqual([name, !NOT_COPIED.includes(name)])
    }
    for (const passing of [
      layout.UPLOADS_PREFIX,
      layout.FAILED_LOG_INS_PREFIX,
      layout.DAMAGED_PREFIX,
      layout.DELETIONS_PREFIX,
      layout.DELETED_REPOSITORIES_PREFIX,
      layout.CONDEMNED_PREFIX,
      SEARCH_PREFIX,
    ]) {
      expect([passing, isCopied(`${passing}x`)]).toEqual([passing, false])
    }
  })

  test('lets S3 read those keys and write them there, and nothing else', () => {
    const policies = ofType(template, 'AWS::IAM::Policy').map(({ Properties }) => Properties)
    const policy = policies.find(({ PolicyDocument }) =>
      JSON.stringify(PolicyDocument).includes('ReplicateObject'),
    )!
    const statements = statementsOf(policy.PolicyDocument)
    expect(statements.map(({ sid, effect, actions }) => [sid, effect, actions])).toEqual([
      ['Rules', 'Allow', ['s3:GetReplicationConfiguration', 's3:ListBucket']],
      [
        'Read',
        'Allow',
        [
          's3:GetObjectVersionAcl',
          's3:GetObjectVersionForReplication',
          's3:GetObjectVersionTagging',
        ],
      ],
      ['Write', 'Allow', ['s3:ReplicateDelete', 's3:ReplicateObject', 's3:ReplicateTags']],
    ])
    const objects = COPIED.map((prefix) => `/registry/${prefix}${prefix.endsWith('/') ? '*' : ''}`)
    const [, read, write] = statements as [Statement, Statement, Statement]
    expect([...write.resources].sort()).toEqual(
      objects.map((each) => `arn:<AWS::Partition>:s3:::images-eu${each}`).sort(),
    )
    const readable = read.resources.map((each) => each.replace(/^<[^>]*>/, ''))
    expect(readable.sort()).toEqual(objects.sort())
  })

  test('lets nobody but S3, for this account, have the role', () => {
    const [id] = (replication.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt']
    const { AssumeRolePolicyDocument } = template.Resources[id!]!.Properties
    expect(AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Principal: { Service: 's3.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ],
    })
  })

  test('is as ever without one', () => {
    expect(only(part(synth(), false), 'AWS::S3::Bucket')).not.toHaveProperty(
      'ReplicationConfiguration',
    )
  })
})

describe('the second Region', () => {
  const template = synth({ ...PRIMARY, prefix: 'registry' })
  const variables = (of: ReturnType<typeof synth> = template) =>
    (only(of, 'AWS::Lambda::Function').Environment as { Variables: Record<string, unknown> })
      .Variables
  const copy = Object.entries(template.Resources).find(
    ([, { Type, Properties }]) =>
      Type === 'AWS::S3::Bucket' &&
      JSON.stringify(Properties.LifecycleConfiguration).includes('undelete-window'),
  )![0]

  test('writes to the first, and reads its own bucket as the copy', () => {
    expect(variables()).toMatchObject({
      SLIPWAY_STORE: 's3://images-us/registry',
      SLIPWAY_S3_REGION: 'us-east-1',
      SLIPWAY_S3_REPLICA: { Ref: copy },
      SLIPWAY_S3_REPLICA_REGION: { Ref: 'AWS::Region' },
    })
    const [web] = ofType(template, 'AWS::Lambda::WebFunctionRevision')
    expect(JSON.stringify(web?.Properties ?? template)).toContain('SLIPWAY_S3_REPLICA')
  })

  test('may do in the first what a registry does, and only read the copy', () => {
    const policies = ofType(template, 'AWS::IAM::Policy').map(({ Properties }) => Properties)
    const both = policies.filter(({ PolicyDocument }) =>
      JSON.stringify(PolicyDocument).includes('CopyList'),
    )
    expect(both).toHaveLength(2)
    for (const { PolicyDocument } of both) {
      const statements = statementsOf(PolicyDocument)
      const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== undefined)
      expect(new Set(sids).size).toBe(sids.length)
      for (const { sid = '', actions, resources } of statements.filter((each) =>
        each.actions.some((action) => action.startsWith('s3:')),
      )) {
        const isCopy = sid.startsWith('Copy')
        for (const resource of resources) {
          expect(resource.includes('images-us')).toBe(!isCopy)
          expect(resource.startsWith(`<${copy}.Arn>`)).toBe(isCopy)
        }
        if (isCopy)
          expect(['s3:GetObject', 's3:ListBucket']).toEqual(expect.arrayContaining([...actions]))
      }
      const first = statements.find(({ sid }) => sid === 'Links')!
      expect(first.actions).toContain('s3:PutObject')
    }
  })

  test('says what to do in the first, and has accounts there', () => {
    const outputs = synth({ ...PRIMARY, name: 'second' }).Outputs
    expect(JSON.stringify(outputs.Replicate)).toContain('npx cdk deploy -c replicaBucket=')
    expect(outputs.FirstUser?.Value).toBe(
      'npm run slipway -- user add admin --store s3://images-us --s3-region us-east-1',
    )
  })

  test('has replicas of the keys of the first, if they are named, for the same uses', () => {
    const same = synth({ ...PRIMARY, ...SAME_KEYS })
    expect(ofType(same, 'AWS::KMS::Key')).toEqual([])
    const replicas = Object.entries(same.Resources).filter(
      ([, { Type }]) => Type === 'AWS::KMS::ReplicaKey',
    )
    expect(replicas.map(([, { Properties }]) => Properties.PrimaryKeyArn)).toEqual([
      ...SAME_KEYS.primarySigningKeys.split(','),
      SAME_KEYS.primaryUploadKey,
    ])
    const [one, two, upload] = replicas.map(([id]) => ({ 'Fn::GetAtt': [id, 'Arn'] }))
    expect(variables(same)).toMatchObject({
      SLIPWAY_SIGNING_KEY: { 'Fn::Join': ['', ['kms:', one, ',', two]] },
      SLIPWAY_UPLOAD_KEY: { 'Fn::Join': ['', ['kms:', upload]] },
    })
    for (const [id, { Properties }] of replicas) {
      const uses = JSON.stringify(Properties.PrimaryKeyArn).includes('aaaa')
        ? [['kms:GenerateMac']]
        : [['kms:Sign'], ['kms:GetPublicKey']]
      const inPolicy = statementsOf(Properties.KeyPolicy).slice(1)
      expect(inPolicy.map(({ actions }) => actions)).toEqual(uses)
      const [policy] = ofType(same, 'AWS::IAM::Policy').filter(
        ({ Properties: { PolicyDocument } }) => JSON.stringify(PolicyDocument).includes(id),
      )
      const granted = statementsOf(policy!.Properties.PolicyDocument).filter(({ resources }) =>
        resources.includes(`<${id}.Arn>`),
      )
      expect(granted.map(({ actions }) => actions)).toEqual(uses)
    }
  })

  test('with keys in the bucket reads those of the first', () => {
    const inBucket = synth({ ...PRIMARY, keys: 'bucket' })
    const [policy] = ofType(inBucket, 'AWS::IAM::Policy').filter(({ Properties }) =>
      JSON.stringify(Properties).includes('signing-keys'),
    )
    const keys = statementsOf(policy!.Properties.PolicyDocument).find(({ sid }) => sid === 'Keys')
    expect(keys?.resources).toEqual([
      'arn:<AWS::Partition>:s3:::images-us/slipway/v1/config/signing-keys',
      'arn:<AWS::Partition>:s3:::images-us/slipway/v1/config/upload-secret',
    ])
  })
})

describe('a Web Function of several Regions', () => {
  const template = synth({ webRegions: 'eu-west-1,ap-south-1' })

  test('is one endpoint, and knows where the bucket is', () => {
    expect(onlyIn(template, 'AWS::Lambda::WebFunctionEndpoint')).toMatchObject({
      EndpointType: 'MultiRegion',
      Regions: ['ap-south-1', 'eu-west-1'],
    })
    for (const isWeb of [true, false]) {
      expect(JSON.stringify(part(template, isWeb))).toContain(
        '"SLIPWAY_S3_REGION":{"Ref":"AWS::Region"}',
      )
    }
  })

  test('is one of its own Region otherwise', () => {
    const one = synth()
    const endpoint = onlyIn(one, 'AWS::Lambda::WebFunctionEndpoint')
    expect(endpoint.EndpointType ?? 'HomeRegion').toBe('HomeRegion')
    expect(JSON.stringify(one)).not.toContain('SLIPWAY_S3_REGION')
  })
})
