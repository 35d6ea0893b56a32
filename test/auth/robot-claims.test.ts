/**
 * Which claims a robot can be bound to, and which tokens then stand for its secret.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import {
  bindingFault,
  bindingOf,
  formatBindings,
  parseBindings,
} from '../../functions/auth/accounts/bindings.ts'

const ISSUER = 'iss=https://ci.example'

describe('what a robot can be bound to', () => {
  test.each([
    [[ISSUER, 'repository_id=1']],
    [[ISSUER, 'sub~repo:acme/*', 'event_name!~pull_request*']],
    [[ISSUER, 'kubernetes.io.namespace=ci']],
  ])('%j', (claims) => {
    expect(bindingFault(claims)).toBeUndefined()
  })

  test.each<[readonly string[], RegExp]>([
    [[], /the issuer is missing: expected iss=<issuer>/],
    [['repository_id=1'], /the issuer is missing/],
    // An issuer by pattern could be anybody's.
    [['iss~https://*', 'repository_id=1'], /the issuer is missing/],
    [['iss!=https://evil.example', 'repository_id=1'], /the issuer is missing/],
    [[ISSUER], /iss alone would let in whoever has a token/],
    [[ISSUER, 'aud=registry.example'], /iss alone/],
    [[ISSUER, 'ref!=refs/heads/main'], /iss alone/],
    [[ISSUER, 'repository_id'], /"repository_id": expected <claim>=<value>/],
    [[ISSUER, '=1'], /"=1": expected/],
    [[ISSUER, 'a..b=1'], /"a\.\.b=1": expected/],
    [[ISSUER, ...Array.from({ length: 20 }, (_, at) => `c${at}=1`)], /at most 20 claims/],
  ])('not %j', (claims, fault) => {
    expect(bindingFault(claims)).toMatch(fault)
  })
})

const CLAIMS = [
  ISSUER,
  'repository_id=4711',
  'ref~refs/tags/v*',
  'event_name!~pull_request*',
  'groups=release',
]
const JOB = {
  iss: 'https://ci.example',
  repository_id: '4711',
  ref: 'refs/tags/v1',
  event_name: 'push',
  groups: ['dev', 'release'],
}

test.each<[string, object, string | undefined]>([
  ['all hold', {}, undefined],
  ['a number is as its text', { repository_id: 4711 }, undefined],
  ['another issuer', { iss: 'https://ci.example/' }, 'its claim "iss" is not as the robot demands'],
  ['another id', { repository_id: '4712' }, 'its claim "repository_id" is not'],
  ['no such claim', { repository_id: undefined }, 'it has no claim "repository_id"'],
  ['a claim that is an object', { repository_id: { 4711: 1 } }, 'it has no claim "repository_id"'],
  ['another ref', { ref: 'refs/heads/v1' }, 'its claim "ref" is not'],
  ['what must not be', { event_name: 'pull_request_target' }, 'its claim "event_name" is not'],
  ['without what must not be', { event_name: undefined }, 'it has no claim "event_name"'],
  ['in other groups', { groups: ['dev'] }, 'its claim "groups" is not'],
  ['in no groups', { groups: [] }, 'it has no claim "groups"'],
])('a token: %s', (_, claims, fault) => {
  const why = bindingOf('ci', CLAIMS).fault({ ...JOB, ...claims })
  if (fault === undefined) expect(why).toBeUndefined()
  else expect(why).toContain(fault)
  // What the robot demands is not for everybody who has a token.
  expect(why ?? '').not.toMatch(/4711|refs\/tags/)
})

test('other claims, and the same of another robot, are another credential', () => {
  const credentials = [
    bindingOf('ci', CLAIMS),
    bindingOf('cd', CLAIMS),
    bindingOf('ci', CLAIMS.slice(0, 2)),
  ].map(({ credential }) => credential)
  expect(new Set(credentials).size).toBe(3)
  expect(bindingOf('ci', CLAIMS).credential).toBe(credentials[0])
})

test('what was written is read', () => {
  const bindings = new Map([['ci', CLAIMS]])
  expect(parseBindings(formatBindings(bindings))).toEqual(bindings)
  expect(parseBindings(undefined).size).toBe(0)
})

test.each([
  ['{', /expected JSON/],
  ['{"version":2,"robots":[]}', /version/],
  ['{"version":1,"robots":[{"name":"CI","claims":[]}]}', /is not a valid robot name/],
  ['{"version":1,"robots":[{"name":"ci","claims":["iss=a"]}]}', /ci: iss alone/],
])('%s is refused', (text, message) => {
  expect(() => parseBindings(text)).toThrow(message)
})
