/**
 * Pages of other origins: what browsers are told, and that nothing else changes.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { basic, ORIGIN, type RigOptions, sharedRig } from './rig.ts'

const UI = 'https://ui.example'
const DOCUMENTS: RigOptions = {
  page: true,
  users: { alice: 'secret' },
  policy: [{ who: ['user:alice'], repositories: ['team/**'], actions: ['pull', 'delete'] }],
  images: ['team/web'],
}
const MANIFEST = '/v2/team/web/manifests/v1'
const NAMES = ['Origin', 'Credentials'].map((name) => `Access-Control-Allow-${name}` as const)
const saidBy = (headers: Headers): readonly (string | null)[] =>
  NAMES.map((name) => headers.get(name))

const listed = sharedRig({ ...DOCUMENTS, args: ['--cors', `${UI},http://localhost:8080`] })
const all = sharedRig({ ...DOCUMENTS, args: ['--cors', '*'] })
const none = sharedRig(DOCUMENTS)

/** Which registry is asked, from which origin, and what it says of origin and credentials. */
const ROWS = [
  ['one that names it', listed, UI, [UI, 'true']],
  ['one that names it, too', listed, 'http://localhost:8080', ['http://localhost:8080', 'true']],
  ['one that names others', listed, 'https://ui.example.evil.example', [null, null]],
  ['one that names others, with another scheme', listed, 'http://ui.example', [null, null]],
  ['one that names others, from a file', listed, 'null', [null, null]],
  ['one that names all', all, UI, ['*', null]],
  ['one that names none', none, UI, [null, null]],
] as const

describe.each(ROWS)('asked of %s', (_, rig, origin, said) => {
  const as = basic('alice', 'secret')
  const [allowed] = said

  test.each([
    ['a manifest', `GET ${MANIFEST}`, as, 200],
    ['its HEAD', `HEAD ${MANIFEST}`, as, 200],
    ['nobody', `GET ${MANIFEST}`, undefined, 401],
    ['a wrong password', 'GET /v2/', basic('alice', 'guess'), 401],
    ['what is not there', 'GET /v2/team/web/manifests/v2', as, 404],
    ['the API', 'GET /api/v1/tags/team/web', as, 200],
    ['a token', 'GET /token?service=slipway&scope=repository:team/web:pull', as, 200],
    ['search', 'GET /v1/search?q=web', as, 200],
  ])('%s', async (_what, request, who, status) => {
    const answer = await rig().send(request, { as: who, headers: { Origin: origin } })
    expect([answer.status, ...saidBy(answer.headers)]).toEqual([status, ...said])
    const exposed = answer.headers.get('Access-Control-Expose-Headers')
    if (allowed === null) expect(exposed).toBeNull()
    else expect(exposed).toMatch(/Docker-Content-Digest.*Link.*WWW-Authenticate/)
    expect(answer.headers.get('Vary')?.includes('Origin') ?? false).toBe(rig === listed)
  })

  test('a preflight', async () => {
    const { status, headers } = await rig().send(`OPTIONS ${MANIFEST}`, {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'DELETE',
        'Access-Control-Request-Headers': 'authorization,x-slipway-page',
      },
    })
    expect([status, ...saidBy(headers)]).toEqual([allowed === null ? 405 : 204, ...said])
    if (allowed === null) return
    expect(headers.get('Access-Control-Allow-Methods')).toContain('DELETE')
    const names = headers.get('Access-Control-Allow-Headers')?.toLowerCase().split(',')
    expect(names).toContain('authorization')
    expect(names).not.toContain('x-slipway-page')
  })

  test('paths that are for nobody else', async () => {
    const headers = { Origin: origin, Accept: 'text/html' }
    for (const path of ['/', '/page/main-0.js', '/readyz', '/metrics']) {
      expect(saidBy((await rig().send(`GET ${path}`, { headers })).headers)).toEqual([null, null])
    }
  })
})

test.each([
  ['named', listed],
  ['of all', all],
])('a session of the page is of no use to pages %s', async (_, rig) => {
  const own = { 'X-Slipway-Page': '1', 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN }
  const body = Buffer.from(JSON.stringify({ name: 'alice', password: 'secret' }))
  const begun = await rig().send('POST /api/page/session', { body, headers: own })
  const Cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const read = (headers: object) =>
    rig().send('GET /api/v1/tags/team/web', { headers: { ...headers, Cookie } })
  expect((await read(own)).status).toBe(200)
  const other = { ...own, 'Sec-Fetch-Site': 'cross-site', Origin: UI }
  expect((await read(other)).status).toBe(401)
  const signIn = await rig().send('POST /api/page/session', { body, headers: other })
  expect(signIn.status).toBe(403)
})

test('other requests get what they got', async () => {
  for (const request of ['GET /v2/', `OPTIONS ${MANIFEST}`, `DELETE ${MANIFEST}`]) {
    const [a, b] = [await all().send(request), await none().send(request)]
    expect([request, a.status]).toEqual([request, b.status])
  }
})
