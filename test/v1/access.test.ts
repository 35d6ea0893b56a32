/**
 * Who gets in by the first API: by tokens, cookies and credentials, and how long.
 *
 * @module
 */

import { expect, type TestContext, test } from 'vitest'
import type { Action } from '../../functions/auth/access.ts'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { type Authorizer, openAuthorizer } from '../../functions/auth/authorizer.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { ANONYMOUS, parseBasic } from '../../functions/auth/identity.ts'
import type { Requirement } from '../../functions/auth/policy/requirement.ts'
import { openFirstApi } from '../../functions/compose/v1.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { clientOfApp, expectStatus, plainApp } from '../support/rig/client.ts'
import { openFiles } from '../support/rig/stores.ts'
import { beginPull, beginPush, idOf, oldImage, pushAll, pushOld, tagOld } from './images.ts'

const SECRET = Buffer.alloc(32, 7)
const A = oldImage('a')

/** What people may do, in `team/…`; anybody may pull from `public/…`. */
const RIGHTS: Readonly<Record<string, readonly Action[]>> = {
  writer: ['pull', 'push', 'delete'],
  reader: ['pull'],
  sender: ['push'],
}

const SIGNED: Requirement = {
  at: 1,
  repositories: [],
  effect: 'refuse',
  signed: { by: [], excepts: () => true },
}

const basic = (name: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:password`).toString('base64')}`,
})

const open = async ({ onTestFinished }: TestContext) => {
  const { store, close } = await openFiles()
  onTestFinished(close)
  const registry = createRegistry({
    store,
    uploadSecret: async () => SECRET,
    wait: async () => {},
  })
  const secret = async () => SECRET
  const v1 = openFirstApi({ store, registry, secret, readOnly: false, now: Date.now })
  const gone = new Set<string>()
  const signed = new Map<string, Requirement>()
  const may = (name: string, repository: string, action: Action): boolean =>
    (repository.startsWith('public/') && action === 'pull') ||
    (repository.startsWith('team/') && (RIGHTS[name]?.includes(action) ?? false))
  const authorizer: Authorizer = {
    async identify({ authorization, address }) {
      const { name } = parseBasic(authorization) ?? { name: '' }
      if (authorization !== undefined && !(name in RIGHTS)) {
        throw new AccessError('UNAUTHORIZED', 'no such user')
      }
      const { open: _, ...caller } = await openAuthorizer.identify({ authorization, address })
      return {
        ...caller,
        identity: name === '' ? ANONYMOUS : { kind: 'user', name, groups: [], claims: {} },
        via: name === '' ? 'nothing' : 'basic',
        allows: (repository, action) => may(name, repository, action),
        unrestricted: false,
        note: () => name,
      }
    },
    lapsed: async (name, repository, action = 'push') =>
      !gone.has(name) && may(name, repository, action) ? undefined : 'it has ended',
    required: async (name) => {
      const requirement = signed.get(name)
      return requirement && [requirement]
    },
    challenge: () => 'Basic realm="test"',
  }
  const everybody = clientOfApp(plainApp(registry, { v1 }))
  const audited: AuditEvent[] = []
  const audit = (event: AuditEvent) => void audited.push(event)
  const app = plainApp(registry, { v1, authorizer, audit, auditPulls: true })
  return { everybody, send: clientOfApp(app), gone, audited, signed }
}

test('a token is good for its repository and what its bearer may do, as long as it may', async (t) => {
  const { everybody, send, gone } = await open(t)
  await pushAll(everybody, 'team/img', 'v1', [A])
  const read = await beginPull(send, 'team/img', basic('reader'))
  const json = (headers: Record<string, string>) =>
    send(`GET /v1/images/${A.id}/json`, undefined, headers)
  const got = await expectStatus(200, json(read))
  expect(got.headers.get('Cache-Control')).toBe('private, max-age=31536000')
  expect(got.headers.get('Vary')).toMatch(/Authorization, Cookie/)
  const body = Buffer.from(oldImage('b').json)
  await expectStatus(401, send(`PUT /v1/images/${idOf('b')}/json`, body, read))
  await expectStatus(401, tagOld(send, 'team/img', 'v2', A.id, read))
  await expectStatus(401, send('GET /v1/repositories/team/other/tags', undefined, read))
  gone.add('reader')
  await expectStatus(401, json(read))
})

test('where images must be signed, nobody pulls, whoever has a token, and pushes go on', async (t) => {
  const { everybody, send, signed } = await open(t)
  await pushAll(everybody, 'team/img', 'v1', [A])
  const read = await beginPull(send, 'team/img', basic('reader'))
  signed.set('team/img', { ...SIGNED, effect: 'report' })
  const json = () => send(`GET /v1/images/${A.id}/json`, undefined, read)
  await expectStatus(200, json())
  signed.set('team/img', SIGNED)
  for (const refused of [
    json(),
    send(`GET /v1/images/${A.id}/layer`, undefined, read),
    send('GET /v1/repositories/team/img/tags', undefined, basic('reader')),
    send('GET /v1/repositories/team/img/images', undefined, basic('writer')),
  ]) {
    await expectStatus(403, refused)
  }
  const begun = send('PUT /v1/repositories/team/img/', Buffer.from('[]'), {
    ...basic('writer'),
    'X-Docker-Token': 'true',
  })
  await expectStatus(200, begun)
  signed.clear()
  await expectStatus(200, json())
})

test('without a right nothing is to be had, and nothing is told', async (t) => {
  const { everybody, send } = await open(t)
  await pushAll(everybody, 'team/img', 'v1', [A])
  for (const name of ['team/img', 'team/none']) {
    await expectStatus(401, send(`GET /v1/repositories/${name}/images`))
    await expectStatus(401, send(`PUT /v1/repositories/${name}/`, Buffer.from('[]')))
    const refused = send(`PUT /v1/repositories/${name}/`, Buffer.from('[]'), basic('reader'))
    await expectStatus(403, refused)
  }
  await expectStatus(401, send('GET /v1/users/'))
  await expectStatus(401, send('GET /v1/users/', undefined, basic('nobody')))
  await expectStatus(200, send('GET /v1/users/', undefined, basic('reader')))
  const register = await expectStatus(401, send('POST /v1/users/', Buffer.from('{}')))
  expect(register.headers.get('WWW-Authenticate')).toMatch(/^Basic/)
})

test('who may only push learns which images are there, and nothing of them', async (t) => {
  const { everybody, send } = await open(t)
  await pushAll(everybody, 'team/img', 'v1', [A])
  const begun = await expectStatus(
    200,
    send('PUT /v1/repositories/team/img/', Buffer.from('[]'), basic('sender')),
  )
  const token = { Authorization: `Token ${begun.headers.get('X-Docker-Token')}` }
  const there = await expectStatus(200, send(`GET /v1/images/${A.id}/json`, undefined, token))
  expect(JSON.parse(there.body.toString())).toEqual({ id: A.id })
  for (const what of ['layer', 'ancestry']) {
    await expectStatus(401, send(`GET /v1/images/${A.id}/${what}`, undefined, token))
  }
  const child = oldImage('b', 'a')
  await pushOld(send, child, token)
  await expectStatus(200, tagOld(send, 'team/img', 'v2', child.id, token))
})

test('with credentials, a cookie names the repository and gives no rights', async (t) => {
  const { send } = await open(t)
  const begun = await expectStatus(
    200,
    send('PUT /v1/repositories/team/img/', Buffer.from('[]'), basic('writer')),
  )
  const [cookie = ''] = begun.headers.get('Set-Cookie')?.split(';') ?? []
  expect(cookie).toMatch(/^slipway-v1=/)
  await pushOld(send, A, { ...basic('writer'), Cookie: cookie })
  await expectStatus(200, tagOld(send, 'team/img', 'v1', A.id, basic('writer')))
  const json = (headers: Record<string, string>) =>
    send(`GET /v1/images/${A.id}/json`, undefined, headers)
  await expectStatus(200, json({ ...basic('reader'), Cookie: cookie }))
  await expectStatus(401, json(basic('reader')))
  const body = Buffer.from(oldImage('b').json)
  const asReader = { ...basic('reader'), Cookie: cookie }
  await expectStatus(403, send(`PUT /v1/images/${idOf('b')}/json`, body, asReader))
  // Alone it is the token that it is.
  await expectStatus(200, json({ Cookie: cookie }))
})

test('a token that is of no use is none', async (t) => {
  const { everybody, send } = await open(t)
  await pushAll(everybody, 'public/img', 'v1', [A])
  const writer = await expectStatus(
    200,
    send('PUT /v1/repositories/team/img/', Buffer.from('[]'), basic('writer')),
  )
  const token = { Authorization: `Token ${writer.headers.get('X-Docker-Token')}` }
  const read = await beginPull(send, 'public/img', token)
  const got = await expectStatus(200, send(`GET /v1/images/${A.id}/json`, undefined, read))
  expect(got.headers.get('Cache-Control')).toBe('public, max-age=31536000')
  const search = { ...token, 'X-Docker-Token': 'true' }
  await expectStatus(200, send('GET /v1/search?q=img', undefined, search))
  expect((await beginPush(everybody, 'team/img')).Authorization).toMatch(/access=write/)
})

test('the audit trail has pushes, pulls and deletes, and who did them', async (t) => {
  const { send, audited } = await open(t)
  const begun = await expectStatus(
    200,
    send('PUT /v1/repositories/team/img/', Buffer.from('[]'), basic('writer')),
  )
  const token = { Authorization: `Token ${begun.headers.get('X-Docker-Token')}` }
  await pushOld(send, A, token)
  await expectStatus(200, tagOld(send, 'team/img', 'v1', A.id, token))
  const read = await beginPull(send, 'team/img', basic('reader'))
  await expectStatus(200, send(`GET /v1/images/${A.id}/ancestry`, undefined, read))
  for (const path of ['/tags/v1', '/']) {
    await expectStatus(
      200,
      send(`DELETE /v1/repositories/team/img${path}`, undefined, basic('writer')),
    )
  }
  expect(
    audited.map(({ event, what, who }) => [event, who, what.replace(/ sha256:.*/, '')]),
  ).toEqual([
    ['push', 'user:writer', '/v1/repositories/team/img/tags/v1'],
    ['pull', 'user:reader', '/v1/repositories/team/img'],
    ['delete', 'user:writer', '/v1/repositories/team/img/tags/v1'],
    ['delete', 'user:writer', '/v1/repositories/team/img/'],
  ])
})
