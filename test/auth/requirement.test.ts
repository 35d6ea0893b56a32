/**
 * The part `require` of a policy.
 *
 * @module
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Identity } from '../../functions/auth/identity.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { requiredOf, withRule } from '../../functions/auth/policy/policy.ts'
import { publicPatterns } from '../../functions/auth/policy/public.ts'

const policyOf = (entries: string) => parsePolicy(`version: 1\nrules: []\nrequire:\n${entries}`)

const ANYONE: Identity = { kind: 'user', name: 'alice', groups: [], claims: {} }

const pemOf = ({ publicKey }: { publicKey: KeyObject }) =>
  publicKey.export({ format: 'pem', type: 'spki' }).toString()

const KEY = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }))

const signedBy = (signer: object, more: object = {}, rules: readonly object[] = []) =>
  parsePolicy(
    JSON.stringify({
      version: 1,
      rules,
      require: [{ repositories: ['prod/**'], signed: { by: [signer], ...more } }],
    }),
  )

const ENTRY = '  - { repositories: [prod/**, base], encrypted: true }'

test('it is of the repositories that a pattern matches', () => {
  const policy = policyOf(ENTRY)
  for (const name of ['prod/a', 'prod/a/b', 'base']) {
    expect(requiredOf(policy, name)).toMatchObject([{ at: 1, encrypted: true, effect: 'refuse' }])
  }
  for (const name of ['prod', 'base/a', 'production/a']) {
    expect(requiredOf(policy, name)).toBe(undefined)
  }
  expect(requiredOf(parsePolicy('version: 1\nrules: []'), 'prod/a')).toBe(undefined)
})

test('all that match, in order; a rule beside them changes nothing', () => {
  const policy = policyOf(
    `${ENTRY}\n  - { repositories: ['**'], encrypted: true, effect: report }\n`,
  )
  const rule = {
    who: ['authenticated'],
    repositories: ['**'],
    actions: ['pull' as const],
    effect: 'allow' as const,
  }
  for (const each of [policy, withRule(policy, rule)]) {
    expect(requiredOf(each, 'base')?.map(({ at, effect }) => [at, effect])).toEqual([
      [1, 'refuse'],
      [2, 'report'],
    ])
    expect(requiredOf(each, 'other')?.map(({ at }) => at)).toEqual([2])
  }
})

describe('it cannot have', () => {
  test.each([
    ['nothing', '  []', /require/],
    ['no repositories', '  - { repositories: [], encrypted: true }', /repositories/],
    [
      'nothing to require',
      '  - { repositories: [a] }',
      /nothing is required: expected encrypted or signed/,
    ],
    ['what is switched off', '  - { repositories: [a], encrypted: false }', /encrypted/],
    ["a caller's name", '  - { repositories: [prod/$user], encrypted: true }', /name of a caller/],
    ['a name that none has', '  - { repositories: [A], encrypted: true }', /lower-case/],
    ['another effect', `${ENTRY.slice(0, -1)}, effect: deny }`, /effect is "deny"/],
    [
      'an unknown field',
      `${ENTRY.slice(0, -1)}, who: [a] }`,
      /require\[0\]\.who: unknown field, expected repositories, encrypted, signed and effect/,
    ],
  ])('%s', (_, entries, message) => {
    expect(() => policyOf(entries)).toThrow(message)
  })
})

test('signers are keys and certificates; whom they except is among those whom the policy is about', () => {
  const policy = signedBy({ key: KEY }, { except: ['robot:signer', { all: ['claim:a=b'] }] })
  const signed = requiredOf(policy, 'prod/app')?.[0]?.signed
  expect(signed?.by).toEqual([{ key: KEY }])
  expect(policy.subjects).toEqual(['robot:signer', 'claim:a=b'])
  const robot: Identity = { ...ANYONE, kind: 'robot', name: 'robot+signer' }
  expect([signed?.excepts(robot), signed?.excepts(ANYONE)]).toEqual([true, false])
  expect(requiredOf(signedBy({ key: KEY }), 'prod/a')?.[0]?.signed?.excepts(robot)).toBe(false)
})

const privateKey = generateKeyPairSync('ed25519').privateKey
const secret = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

test.each([
  ['nobody', { by: [] }, /by/],
  ['a private key', { by: [{ key: secret }] }, /key: expected one public key in PEM/],
  ['two keys', { by: [{ key: KEY + KEY }] }, /expected one public key/],
  ['what is no key', { by: [{ key: KEY.replace(/M/g, '') }] }, /cannot be read as a public key/],
  [
    'a short key',
    { by: [{ key: pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })) }] },
    /expected a key of P-256/,
  ],
  [
    'a key for encryption',
    { by: [{ key: pemOf(generateKeyPairSync('x25519')) }] },
    /expected a key of P-256/,
  ],
  ['no certificate', { by: [{ certificate: KEY }] }, /expected one certificate in PEM/],
  [
    'what is neither',
    { by: [{ name: 'x' }] },
    /unknown field, expected key, certificate and subject/,
  ],
  ['neither key nor certificate', { by: [{}] }, /by\[0\]: expected either key or certificate/],
  ['a subject of a key', { by: [{ key: KEY, subject: 'CN=a' }] }, /subject is for certificates/],
  ['an unknown field', { by: [{ key: KEY }], from: 1 }, /from: unknown field, expected by and/],
  ['an unknown subject', { by: [{ key: KEY }], except: ['x'] }, /expected anonymous/],
])('%s cannot sign', (_, signed, message) => {
  const text = JSON.stringify({
    version: 1,
    rules: [],
    require: [{ repositories: ['a'], signed }],
  })
  expect(() => parsePolicy(text)).toThrow(message)
  expect(() => parsePolicy(text)).not.toThrow(secret.slice(40, 60))
})

test('an edge keeps nothing that must be signed', () => {
  const rules = [
    {
      who: ['anonymous'],
      repositories: ['**', 'prod/*', 'prod/a', 'dev/*', 'dev'],
      actions: ['pull'],
    },
  ]
  expect(publicPatterns(signedBy({ key: KEY }, {}, rules))).toEqual(['dev', 'dev/*'])
})
