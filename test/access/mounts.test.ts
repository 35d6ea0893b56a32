/**
 * Mounts across repositories need pull on the source; without it they become uploads, and reveal
 * nothing about the source.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { CONFIG } from '../support/hosts/content.ts'
import { type AccessRig, basic, bearer, foreignToken, openRig, sharedRig, tokenFor } from './rig.ts'

const MISSING = `sha256:${'0'.repeat(64)}`
const shared = sharedRig({
  users: { alice: 'right horse', root: 'battery' },
  robots: ['ci'],
  foreign: true,
  images: ['public/a', 'secret/a', 'mine/a'],
  policy: [
    { who: ['anonymous', 'authenticated'], repositories: ['public/*'], actions: ['pull'] },
    { who: ['user:alice'], repositories: ['mine/*', 'target/**'], actions: ['*'] },
    { who: ['user:root'], repositories: ['**'], actions: ['*'] },
    { who: ['robot:ci'], repositories: ['target/**'], actions: ['push'] },
    { who: ['anonymous'], repositories: ['target/**'], actions: ['push'] },
    {
      who: ['claim:role=admin'],
      repositories: ['target/**', 'public/**'],
      actions: ['pull', 'push'],
    },
  ],
})

type Shows = (rig: AccessRig, target: string) => Promise<string | undefined>
const ALICE = basic('alice', 'right horse')
const ROOT = basic('root', 'battery')
const CI: Shows = async ({ secrets }) => basic('robot+ci', secrets.get('ci') ?? '')

/** A token for the target and more. */
const token =
  (as: string | undefined, ...more: readonly string[]): Shows =>
  (rig, target) =>
    tokenFor(rig, as, `repository:${target}:push,pull`, ...more)

const foreign =
  (claims: (target: string) => Readonly<Record<string, unknown>>): Shows =>
  async ({ clock }, target) =>
    bearer(foreignToken(clock.now(), claims(target)))

const accessTo = (...names: readonly string[]) => ({
  access: names.map((name) => ({ type: 'repository', name, actions: ['pull', 'push'] })),
})

const ROWS: readonly (readonly [string, Shows, from: string | undefined, mounted: boolean])[] = [
  ['Basic, may pull the source', async () => ALICE, 'mine/a', true],
  ['Basic, may pull the source as anybody', async () => ALICE, 'public/a', true],
  ['Basic, may not', async () => ALICE, 'secret/a', false],
  ['Basic, without from', async () => ALICE, undefined, false],
  ['Basic, with an empty from', async () => ALICE, '', false],
  ['Basic, may pull everything, without from', async () => ROOT, undefined, true],
  ['Basic, may pull everything', async () => ROOT, 'secret/a', true],
  ['a robot that may only push', CI, 'public/a', true],
  ['a robot that may only push, from its target', CI, 'secret/a', false],
  ['nothing shown, allowed to push', async () => undefined, 'public/a', true],
  ['nothing shown, allowed to push, from elsewhere', async () => undefined, 'secret/a', false],
  ['a token with both scopes', token(ALICE, 'repository:mine/a:pull'), 'mine/a', true],
  ['a token for the target alone', token(ALICE), 'mine/a', false],
  ['a token for the target alone, public source', token(ALICE), 'public/a', false],
  [
    'a token that asked for a source it may not pull',
    token(ALICE, 'repository:secret/a:pull'),
    'secret/a',
    false,
  ],
  ['a token with push alone on the source', token(ROOT, 'repository:mine/a:push'), 'mine/a', false],
  ['a token, without from', token(ALICE, 'repository:mine/a:pull'), undefined, false],
  ['a token of one who may pull everything, without from', token(ROOT), undefined, false],
  ["another issuer's token with both", foreign((to) => accessTo(to, 'secret/a')), 'secret/a', true],
  ["another issuer's token for the target", foreign((to) => accessTo(to)), 'secret/a', false],
  ["another issuer's token, by policy", foreign(() => ({ role: 'admin' })), 'public/a', true],
  ["another issuer's token, not by policy", foreign(() => ({ role: 'admin' })), 'secret/a', false],
]

for (const [index, [description, shows, from, mounted]] of ROWS.entries()) {
  test(`${mounted ? '201' : '202'}: ${description}`, async () => {
    const rig = shared()
    const target = `target/${index}`
    const as = await shows(rig, target)
    const query = from === undefined ? '' : `&from=${from}`
    const post = (digest: string, source = query) =>
      rig.send(`POST /v2/${target}/blobs/uploads/?mount=${digest}${source}`, { as })
    const { status, headers, body } = await post(CONFIG.sha256)
    assert.equal(status, mounted ? 201 : 202, body.toString())
    const held = `/v2/${target}/blobs/${CONFIG.sha256}`
    const location = headers.get('Location') ?? ''
    if (mounted) assert.equal(location, held)
    else assert.match(location, new RegExp(`^/v2/${target}/blobs/uploads/[0-9a-f-]{36}\\?_state=`))
    // The status alone proves nothing: what counts is whether the repository has the blob now.
    assert.equal((await rig.send(`HEAD ${held}`, { as: ROOT })).status, mounted ? 200 : 404)
    // The response for a blob or a source that does not exist is that for one that may not be pulled.
    const absent = [await post(MISSING), await post(CONFIG.sha256, '&from=secret/no')]
    for (const answer of absent.slice(0, from === undefined ? 1 : 2)) {
      assert.equal(answer.status, 202)
      if (!mounted) assert.deepEqual([...answer.headers.keys()], [...headers.keys()])
    }
  })
}

const CHALLENGES: readonly (readonly [query: string, scope: string])[] = [
  ['&from=mine/a', 'repository:target/asked:pull,push repository:mine/a:pull'],
  ['&from=secret/a', 'repository:target/asked:pull,push repository:secret/a:pull'],
  ['&from=not"a name', 'repository:target/asked:pull,push'],
  ['&from=', 'repository:target/asked:pull,push'],
  ['', 'repository:target/asked:pull,push'],
]

for (const [query, scope] of CHALLENGES) {
  test(`a token with the scopes of a mount's challenge is enough: ${query || 'no from'}`, async () => {
    const { send } = shared()
    const target = `POST /v2/target/asked/blobs/uploads/?mount=${CONFIG.sha256}${encodeURI(query)}`
    const refused = await send(target, { as: bearer('nonsense') })
    assert.equal(refused.status, 401)
    const [, asked] = /scope="([^"]*)"/.exec(refused.headers.get('WWW-Authenticate') ?? '') ?? []
    assert.equal(asked, scope)
    const as = await tokenFor(shared(), ALICE, scope)
    const status = query === '&from=mine/a' ? 201 : 202
    assert.equal((await send(target, { as })).status, status)
  })
}

test('a source without a mount is in no challenge', async () => {
  const answer = await shared().send('POST /v2/target/asked/blobs/uploads/?from=mine/a', {
    as: bearer('nonsense'),
  })
  assert.match(
    answer.headers.get('WWW-Authenticate') ?? '',
    /scope="repository:target\/asked:pull,push"/,
  )
})

test('an upload that a mount became takes the bytes, and only the right ones', async () => {
  const { send } = shared()
  const begun = await send(
    `POST /v2/target/up/blobs/uploads/?mount=${CONFIG.sha256}&from=secret/a`,
    { as: ALICE },
  )
  const location = begun.headers.get('Location')
  // Naming the digest of a blob that exists elsewhere does not bring its bytes.
  const claimed = await send(`PUT ${location}&digest=${CONFIG.sha256}`, { as: ALICE })
  assert.equal(claimed.status, 400)
  const held = `/v2/target/up/blobs/${CONFIG.sha256}`
  assert.equal((await send(`HEAD ${held}`, { as: ALICE })).status, 404)
  const again = await send('POST /v2/target/up/blobs/uploads/', { as: ALICE })
  const put = await send(`PUT ${again.headers.get('Location')}&digest=${CONFIG.sha256}`, {
    as: ALICE,
    body: CONFIG.bytes,
  })
  assert.equal(put.status, 201)
  assert.equal((await send(`HEAD ${held}`, { as: ALICE })).status, 200)
})

test('where everything is open, a mount need not name its source', async (t) => {
  const rig = await openRig(t, { args: ['--auth=off'], images: ['a'] })
  const answer = await rig.send(`POST /v2/b/blobs/uploads/?mount=${CONFIG.sha256}`)
  assert.equal(answer.status, 201)
})

test('once accounts decide, it must', async (t) => {
  const rig = await openRig(t, {
    images: ['a'],
    users: { alice: 'right horse' },
    policy: [{ who: ['user:alice'], repositories: ['*'], actions: ['*'] }],
  })
  const request = `POST /v2/b/blobs/uploads/?mount=${CONFIG.sha256}`
  assert.equal((await rig.send(request, { as: ALICE })).status, 202)
  assert.equal((await rig.send(`${request}&from=a`, { as: ALICE })).status, 201)
})
