/**
 * Policies and rules on tags that are tried, by the admin API. That they decide the same elsewhere, the tests of the commands
 * show, which go by the same.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { GROUPS_KEY, RETENTION_KEY, tagLinkKey } from '../../../functions/registry/layout.ts'
import { sayRecorded } from '../../../functions/registry/pulls/record.ts'
import { type AccessRig, jsonOf, type More } from '../../access/rig.ts'
import { write } from '../../auth/harness.ts'
import { codeOf } from '../../support/rig/client.ts'
import { DEV, LEAD, openOffice, ROOT } from './office.ts'

const POLICY = `version: 1
rules:
  - { who: ['group:dev'], repositories: ['team/**'], actions: [push, pull] }
  - { who: [authenticated], repositories: ['**'], actions: [pull], effect: deny }
  - { who: ['claim:sub=ci'], repositories: ['**'], actions: [push] }
`

const yaml = (text: string, as = ROOT): More => ({
  as,
  body: Buffer.from(text),
  headers: { 'Content-Type': 'application/yaml' },
})

const testAs = async ({ send }: AccessRig, query: object, text?: string) => {
  const asked = new URLSearchParams({ repository: 'team/a', ...query })
  const answer = await (text === undefined
    ? send(`GET /api/v1/policy-test?${asked}`, { as: ROOT })
    : send(`POST /api/v1/policy-test?${asked}`, yaml(text)))
  expect(answer.status, answer.body.toString()).toBe(200)
  const { decisions, ...rest } = jsonOf(answer)
  const decided = Object.fromEntries(
    decisions.map(
      ({ action, allowed, rule }: { action: string; allowed: boolean; rule?: number }) => [
        action,
        `${allowed ? 'allowed' : 'denied'} ${rule ?? ''}`.trim(),
      ],
    ),
  )
  return { decided, ...rest }
}

describe('a policy', () => {
  test('in force', async (t) => {
    const rig = await openOffice(t)
    const lead = await testAs(rig, { as: 'user:lead' })
    expect(lead.who).toBe('user:lead')
    expect(lead.decided).toMatchObject({
      pull: 'allowed 3',
      admin: 'allowed 2',
      override: 'denied',
    })
    expect(lead.rules).toMatchObject([
      { rule: 2, who: ['user:lead'], repositories: ['team/**'], actions: ['admin'] },
      { rule: 3 },
    ])
    const nobody = await testAs(rig, {})
    expect([nobody.who, nobody.decided.admin]).toEqual(['anonymous', 'denied'])
  })

  test('that is given', async (t) => {
    const rig = await openOffice(t)
    await write(rig.store, GROUPS_KEY, 'dev: alice robot+ci\n')
    expect((await testAs(rig, { as: 'user:alice' }, POLICY)).decided).toMatchObject({
      pull: 'allowed 1',
      push: 'allowed 1',
      delete: 'denied',
      fetch: 'allowed 1',
    })
    expect((await testAs(rig, { as: 'robot:ci' }, POLICY)).decided.push).toBe('allowed 1')
    expect((await testAs(rig, { as: 'user:bob' }, POLICY)).decided.pull).toBe('denied 2')
    const ci = await testAs(rig, { claims: '{"sub":"ci"}' }, POLICY)
    expect([ci.who, ci.decided.push, ci.grantsItself]).toEqual(['token:ci', 'allowed 3', false])
    const own = await testAs(rig, { claims: '{"sub":"ci","access":[]}' }, POLICY)
    expect(own.grantsItself).toBe(true)
    // The one in force is another still.
    expect((await testAs(rig, { as: 'user:bob' })).decided.pull).toBe('allowed 3')
  })

  test.for([
    ['as=user:', 400],
    ['as=nonsense', 400],
    ['as=user:a&claims={}', 400],
    ['claims=[]', 400],
    ['claims=x', 400],
    [`claims=${JSON.stringify({ sub: 'x'.repeat(9000) })}`, 400],
    ['as=user:a&repository=UPPER', 400],
    ['repository=', 400],
  ] as const)('?%s: %i', async ([query, status], t) => {
    const { send } = await openOffice(t)
    const asked = new URLSearchParams({
      repository: 'a',
      ...Object.fromEntries(new URLSearchParams(query)),
    })
    const answer = await send(`GET /api/v1/policy-test?${asked}`, { as: ROOT })
    expect([answer.status, codeOf(answer)]).toEqual([status, expect.any(String)])
  })

  test('that is damaged is told by its line', async (t) => {
    const { send } = await openOffice(t)
    const answer = await send(
      'POST /api/v1/policy-test?repository=a',
      yaml('version: 1\nrules: x\n'),
    )
    expect([answer.status, answer.body.toString()]).toEqual([
      400,
      expect.stringContaining('line 2'),
    ])
  })
})

const RULES = `version: 1
rules:
  - { name: old builds, repositories: ['team/**'], tags: ['build-*'], remove: always }
  - { name: latest, repositories: ['**'], tags: ['build-2'], keep: always }
`

describe('rules on tags', () => {
  const open = async (t: Parameters<typeof openOffice>[0]) => {
    const rig = await openOffice(t, { images: ['app', 'team/a'] })
    const link = (await rig.store.get(tagLinkKey('team/a', 'v1')))!
    const [bytes] = link.body as readonly [Uint8Array]
    for (const tag of ['build-1', 'build-2']) {
      await rig.store.put(tagLinkKey('team/a', tag), bytes)
    }
    return rig
  }
  const AT = '/api/v1/retention-preview'

  test('in force, for those who administer the repository', async (t) => {
    const { send, store } = await open(t)
    expect((await send(`GET ${AT}/team/a`, { as: LEAD })).status).toBe(404)
    await write(store, RETENTION_KEY, RULES)
    const { verdicts, ...sums } = jsonOf(await send(`GET ${AT}/team/a`, { as: LEAD }))
    expect(sums).toEqual({ repository: 'team/a', goes: 1, stays: 1 })
    expect(verdicts).toMatchObject([
      { tag: 'build-1', goes: true, rule: 'old builds' },
      { tag: 'build-2', goes: false, rule: 'latest', removedBy: 'old builds' },
    ])
    expect((await send(`GET ${AT}/app`, { as: LEAD })).status).toBe(403)
    expect((await send(`GET ${AT}/team/a`, { as: DEV })).status).toBe(403)
    expect(jsonOf(await send(`GET ${AT}/app`, { as: ROOT }))).toMatchObject({ goes: 0, stays: 0 })
    expect((await send(`GET ${AT}/team/none`, { as: LEAD })).status).toBe(404)
    // Nothing has gone.
    expect((await send('HEAD /v2/team/a/manifests/build-1', { as: ROOT })).status).toBe(200)
  })

  test('that are given, for those who administer all', async (t) => {
    const { send, store, clock } = await open(t)
    const given = `version: 1
rules: [{ name: unused, repositories: ['**'], tags: ['*'], remove: { notPulledFor: 1d } }]
`
    const preview = async () => jsonOf(await send(`POST ${AT}/team/a`, yaml(given)))
    expect(await preview()).toMatchObject({ goes: 0, pullsSince: null })
    await sayRecorded(store, clock.now())
    expect(await preview()).toMatchObject({ pullsSince: new Date(clock.now()).toISOString() })
    expect((await send(`POST ${AT}/team/a`, yaml(given, LEAD))).status).toBe(403)
    const bad = await send(`POST ${AT}/team/a`, yaml('version: 1\nrules: [x]\n'))
    expect([bad.status, bad.body.toString()]).toEqual([400, expect.stringContaining('line 2')])
  })
})
