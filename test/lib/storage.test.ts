/**
 * What the stack keeps: the bucket, the keys, and what stays of them.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { STATE_LIFE } from '../../functions/registry/uploads/state.ts'
import { ofType, only, part, type Statement, statementsOf, synth, written } from './synth.ts'

interface Rule {
  readonly Id: string
  readonly Prefix?: string
  readonly ExpirationInDays?: number
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number }
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number }
  readonly ExpiredObjectDeleteMarker?: boolean
}

const rulesOf = (template: ReturnType<typeof synth>): ReadonlyMap<string, Rule> => {
  const { Rules } = only(template, 'AWS::S3::Bucket').LifecycleConfiguration as {
    readonly Rules: readonly Rule[]
  }
  return new Map(Rules.map((rule) => [rule.Id, rule]))
}

describe('the bucket', () => {
  const template = synth()
  const bucket = only(template, 'AWS::S3::Bucket')

  const properties: readonly (readonly [name: string, value: unknown])[] = [
    [
      'PublicAccessBlockConfiguration',
      {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    ],
    ['OwnershipControls', { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }],
    ['VersioningConfiguration', { Status: 'Enabled' }],
    [
      'BucketEncryption',
      {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
    ],
    ['BucketName', undefined],
  ]
  for (const [name, value] of properties) {
    test(`${name} is ${JSON.stringify(value)}`, () => assert.deepEqual(bucket[name], value))
  }

  test('denies all that does not come over TLS 1.2 or later, and allows nothing by itself', () => {
    const statements = statementsOf(only(template, 'AWS::S3::BucketPolicy').PolicyDocument)
    const denied = statements.map(({ effect, actions, principal, condition }) => ({
      effect,
      actions,
      principal,
      condition,
    }))
    const everyone = { effect: 'Deny', actions: ['s3:*'], principal: { AWS: '*' } }
    assert.deepEqual(denied, [
      { ...everyone, condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { ...everyone, condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
    ])
    for (const { resources } of statements) assert.equal(resources.length, 2)
  })

  test('staged uploads expire once no state can name them, under the prefix', () => {
    for (const [prefix, expected] of [
      [undefined, 'slipway/v1/uploads/'],
      ['a/b', 'a/b/slipway/v1/uploads/'],
    ]) {
      const rules = rulesOf(synth(prefix === undefined ? {} : { prefix }))
      const { Prefix, ExpirationInDays = 0, ...rule } = rules.get('staged-uploads')!
      assert.equal(Prefix, expected)
      // An upload goes on as long as each of its requests comes within that time.
      assert.ok(ExpirationInDays * 24 * 60 * 60 >= 2 * STATE_LIFE)
      assert.deepEqual(rule.NoncurrentVersionExpiration, { NoncurrentDays: 1 })
    }
  })

  test('multipart uploads are aborted everywhere, not before the staged bytes expire', () => {
    const rules = rulesOf(template)
    const { Prefix, AbortIncompleteMultipartUpload } = rules.get('unfinished-multipart-uploads')!
    assert.equal(Prefix, undefined)
    assert.deepEqual(AbortIncompleteMultipartUpload, {
      DaysAfterInitiation: rules.get('staged-uploads')!.ExpirationInDays,
    })
  })

  test('old versions expire after the undelete window, and delete markers with them', () => {
    for (const [undeleteDays, days] of [
      [undefined, 14],
      ['30', 30],
      // S3 has no rule for less.
      ['0', 1],
    ] as const) {
      const rule = rulesOf(synth(undeleteDays === undefined ? {} : { undeleteDays })).get(
        'undelete-window',
      )
      assert.deepEqual(rule?.NoncurrentVersionExpiration, { NoncurrentDays: days })
      assert.equal(rule?.ExpiredObjectDeleteMarker, true)
      assert.equal(rule?.Prefix, undefined)
    }
  })

  test('failed log-ins expire after a day, under the prefix', () => {
    for (const [prefix, expected] of [
      [undefined, 'slipway/v1/failed-log-ins/'],
      ['a/b', 'a/b/slipway/v1/failed-log-ins/'],
    ]) {
      const rules = rulesOf(synth(prefix === undefined ? {} : { prefix }))
      const { Prefix, ExpirationInDays, ...rule } = rules.get('failed-log-ins')!
      assert.equal(Prefix, expected)
      assert.equal(ExpirationInDays, 1)
      assert.deepEqual(rule.NoncurrentVersionExpiration, { NoncurrentDays: 1 })
    }
  })

  test('pages of referrers expire after a week, under the prefix', () => {
    const rule = rulesOf(synth({ prefix: 'a/b' })).get('referrer-pages')
    assert.equal(rule?.Prefix, 'a/b/slipway/v1/referrer-pages/')
    assert.equal(rule?.ExpirationInDays, 7)
  })

  test('no rule removes what is current, but for what is staged and what is noted for a while', () => {
    const expiring = [...rulesOf(template).values()].filter((rule) => rule.ExpirationInDays)
    assert.deepEqual(
      expiring.map((rule) => rule.Id),
      ['staged-uploads', 'failed-log-ins', 'referrer-pages', 'events', 'notes-of-deletes'],
    )
  })

  test('encrypts with a key that is named, and tells the function', () => {
    const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000'
    const encrypted = synth({ kmsKey })
    assert.deepEqual(only(encrypted, 'AWS::S3::Bucket').BucketEncryption, {
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey },
        },
      ],
    })
    const { Variables } = only(encrypted, 'AWS::Lambda::Function').Environment as {
      readonly Variables: Record<string, unknown>
    }
    assert.equal(Variables.SLIPWAY_S3_KMS_KEY, kmsKey)
  })

  test('that is there already is neither made nor changed', () => {
    const existing = part(synth({ bucket: 'there-already', prefix: 'registry' }), false)
    assert.deepEqual(ofType(existing, 'AWS::S3::Bucket'), [])
    assert.deepEqual(ofType(existing, 'AWS::S3::BucketPolicy'), [])
    assert.equal(existing.Outputs.BucketName?.Value, 'there-already')
  })
})

describe('the access log of the bucket', () => {
  const buckets = ofType(part(synth({ bucketLogDays: '30' }), false), 'AWS::S3::Bucket').map(
    ({ Properties }) => Properties,
  )
  const log = buckets.find(({ LoggingConfiguration }) => LoggingConfiguration === undefined)

  test('is written into a second private bucket, and expires', () => {
    assert.equal(buckets.length, 2)
    const registry = buckets.find((each) => each !== log)!
    assert.deepEqual(
      (registry.LoggingConfiguration as Record<string, unknown>).LogFilePrefix,
      'access/',
    )
    for (const name of [
      'PublicAccessBlockConfiguration',
      'OwnershipControls',
      'BucketEncryption',
    ]) {
      assert.deepEqual(log![name], registry[name], name)
    }
    const { Rules } = log!.LifecycleConfiguration as { readonly Rules: readonly Rule[] }
    assert.deepEqual(
      Rules.map(({ ExpirationInDays }) => ExpirationInDays),
      [30],
    )
  })

  test('is not there by default', () => {
    assert.equal(only(synth(), 'AWS::S3::Bucket').LoggingConfiguration, undefined)
  })
})

describe('when the stack goes', () => {
  const kept: readonly (readonly [type: string, retained: string, destroyed: string])[] = [
    ['AWS::S3::Bucket', 'Retain', 'Delete'],
    ['AWS::Logs::LogGroup', 'Retain', 'Delete'],
    ['AWS::KMS::Key', 'Delete', 'Delete'],
  ]
  for (const [type, retained, destroyed] of kept) {
    test(`${type}: ${retained}; with removalPolicy=destroy: ${destroyed}`, () => {
      for (const [context, policy] of [
        [{}, retained],
        [{ removalPolicy: 'destroy' }, destroyed],
      ] as const) {
        const found = ofType(part(synth(context), false), type)
        assert.ok(found.length > 0)
        for (const { DeletionPolicy, UpdateReplacePolicy } of found) {
          assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], [policy, policy])
        }
      }
    })
  }
})

describe('keys in the bucket', () => {
  const template = synth({ keys: 'bucket', keyUsers: 'arn:aws:iam::123456789012:role/servers' })

  test('are not in KMS, and nothing names them', () => {
    assert.deepEqual(ofType(template, 'AWS::KMS::Key'), [])
    assert.doesNotMatch(JSON.stringify(template), /SLIPWAY_(?:SIGNING|UPLOAD)_KEY/)
  })

  test('are for the functions alone to read, and for whom they are shared with', () => {
    const statements = statementsOf(only(template, 'AWS::S3::BucketPolicy').PolicyDocument)
    const deny = statements.find(({ sid }) => sid === 'KeysForTheRegistryAlone')
    assert.deepEqual(
      [deny?.effect, deny?.principal, deny?.actions],
      ['Deny', { AWS: '*' }, ['s3:GetObject', 's3:GetObjectVersion']],
    )
    assert.deepEqual(
      deny?.resources.map((resource) => resource.replace(/^<.*>/, '')),
      ['/slipway/v1/config/signing-keys', '/slipway/v1/config/upload-secret'],
    )
    const but = deny?.condition?.ArnNotEquals?.['aws:PrincipalArn'] as unknown[]
    assert.deepEqual(
      but.map((each) => written(each).replace(/[0-9A-F]{8}\.Arn>$/, '>')),
      ['<RegistryRole>', '<RegistryWebRole>', 'arn:aws:iam::123456789012:role/servers'],
    )
  })
})

describe('the keys', () => {
  const template = synth({ signingKeys: '2,1' })
  const keys = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::KMS::Key')
  const roles = ['RegistryRole', 'RegistryWebRole'].map((name) => ({
    'Fn::GetAtt': [Object.keys(template.Resources).find((id) => id.startsWith(name)), 'Arn'],
  }))
  const variables = (
    only(template, 'AWS::Lambda::Function').Environment as {
      readonly Variables: Record<string, unknown>
    }
  ).Variables
  const named = (usage: string): string[] =>
    keys.filter(([, { Properties }]) => Properties.KeyUsage === usage).map(([id]) => id)
  const byRole = (document: unknown): Statement[] =>
    statementsOf(document).filter(({ principal }) => JSON.stringify(principal).includes('GetAtt'))

  const kinds: readonly (readonly [usage: string, spec: string, uses: readonly object[]])[] = [
    [
      'SIGN_VERIFY',
      'ECC_NIST_P256',
      [
        {
          actions: ['kms:Sign'],
          condition: { StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } },
        },
        { actions: ['kms:GetPublicKey'], condition: undefined },
      ],
    ],
    [
      'GENERATE_VERIFY_MAC',
      'HMAC_256',
      [
        {
          actions: ['kms:GenerateMac'],
          condition: { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } },
        },
      ],
    ],
  ]
  for (const [usage, spec, uses] of kinds) {
    test(`${usage}: ${spec}, used by the roles of both functions alone, in one way`, () => {
      const ids = named(usage)
      assert.ok(ids.length > 0)
      for (const id of ids) {
        const { KeySpec, KeyPolicy } = template.Resources[id]!.Properties
        assert.equal(KeySpec, spec)
        const used = byRole(KeyPolicy)
        assert.deepEqual(
          used.map(({ actions, condition }) => ({ actions, condition })),
          uses,
        )
        for (const { principal } of used) assert.deepEqual(principal, { AWS: roles })
        const granted = statementsOf(only(template, 'AWS::IAM::Policy').PolicyDocument)
          .filter(({ resources }) => resources.includes(`<${id}.Arn>`))
          .map(({ actions, condition }) => ({ actions, condition }))
        assert.deepEqual(granted, uses)
      }
    })
  }

  test('may be used by those who are named, as well', () => {
    const servers = 'arn:aws:iam::123456789012:role/servers'
    for (const { Properties } of ofType(synth({ keyUsers: servers }), 'AWS::KMS::Key')) {
      for (const { principal } of byRole(Properties.KeyPolicy).slice(1)) {
        assert.deepEqual(principal, { AWS: [servers, ...roles] })
      }
    }
  })

  test('administrators may delete and describe a key, but not sign or seal with it', () => {
    for (const [, { Properties }] of keys) {
      const others = statementsOf(Properties.KeyPolicy).filter(
        ({ principal }) => !JSON.stringify(principal).includes('GetAtt'),
      )
      const [administration, ...more] = others
      assert.equal(more.length, 0)
      const actions = administration?.actions ?? []
      for (const action of ['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:DescribeKey']) {
        assert.ok(actions.includes(action), action)
      }
      assert.deepEqual(
        actions.filter((action) => /Sign|Mac|Encrypt|Decrypt|Grant$|CreateGrant|\*/.test(action)),
        ['kms:RevokeGrant'],
      )
    }
  })

  test('are named to the function in their order: the first signs', () => {
    const [one, two] = named('SIGN_VERIFY').sort()
    const [upload] = named('GENERATE_VERIFY_MAC')
    assert.match(one ?? '', /Signing1/)
    assert.match(two ?? '', /Signing2/)
    const at = (id: string | undefined) => ({ 'Fn::GetAtt': [id, 'Arn'] })
    assert.deepEqual(variables.SLIPWAY_SIGNING_KEY, {
      'Fn::Join': ['', ['kms:', at(two), ',', at(one)]],
    })
    assert.deepEqual(variables.SLIPWAY_UPLOAD_KEY, { 'Fn::Join': ['', ['kms:', at(upload)]] })
  })

  test('keep their place in the template when another is added', () => {
    const ids = (signingKeys: string) =>
      Object.entries(synth({ signingKeys }).Resources)
        .filter(([, { Type }]) => Type === 'AWS::KMS::Key')
        .map(([id]) => id)
    const before = ids('1')
    assert.ok(before.every((id) => ids('1,2').includes(id)))
    assert.ok(before.every((id) => ids('2,1').includes(id)))
  })
})
