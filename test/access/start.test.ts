/**
 * Which registries are open before anything is set up, and which start at all.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { HTPASSWD_KEY, POLICY_KEY, ROBOTS_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { type AccessRig, bearer, claimsOf, jsonOf, openRig, writeDocuments } from './rig.ts'
import { serveWith } from './serve.ts'
import { ALICE, DOCUMENTS, PULL, SOON } from './world.ts'

describe('--auth auto', () => {
  const WRITE = 'POST /v2/a/blobs/uploads/'
  const statuses = async ({ send }: AccessRig): Promise<number[]> => {
    const sent = ['GET /v2/', WRITE, PULL, 'GET /v2/_catalog'].map((line) => send(line))
    return (await Promise.all(sent)).map(({ status }) => status)
  }
  const OPEN = [200, 202, 200, 200]
  const CLOSED = [401, 401, 401, 401]

  const FIRST: readonly (readonly [string, (rig: AccessRig) => Promise<unknown>])[] = [
    ['a user', ({ store }) => writeDocuments(store, { users: { alice: 'right horse' } }, 0)],
    ['a robot', ({ store }) => writeDocuments(store, { robots: ['ci'] }, 0)],
    ['a policy', ({ store }) => writeDocuments(store, { policy: [] }, 0)],
    ['a list of users without any', ({ store }) => write(store, HTPASSWD_KEY, '')],
  ]
  for (const [description, set] of FIRST) {
    test(`on loopback it is open until there is ${description}`, async (t) => {
      const rig = await openRig(t, { images: ['a'], onlyLocal: true })
      assert.deepEqual(await statuses(rig), OPEN)
      // Unknown credentials do no harm while it is open.
      assert.equal((await rig.send(PULL, { as: ALICE })).status, 200)
      await set(rig)
      rig.clock.pass(SOON)
      assert.deepEqual(await statuses(rig), CLOSED)
    })

    test(`it does not open again when ${description} vanishes`, async (t) => {
      const rig = await openRig(t, { images: ['a'], onlyLocal: true })
      await set(rig)
      assert.deepEqual(await statuses(rig), CLOSED)
      await rig.store.delete([HTPASSWD_KEY, ROBOTS_KEY, POLICY_KEY])
      rig.clock.pass(SOON)
      assert.deepEqual(await statuses(rig), CLOSED)
    })

    test(`with ${description} it is closed from the start`, async (t) => {
      const rig = await openRig(t, { images: ['a'], onlyLocal: true })
      await set(rig)
      assert.deepEqual(await statuses(rig), CLOSED)
    })
  }

  test('reachable for others, as on Lambda, nobody gets in before anything is set up', async (t) => {
    const rig = await openRig(t, { images: ['a'], onlyLocal: false })
    assert.deepEqual(await statuses(rig), CLOSED)
    const { token } = jsonOf(await rig.send('GET /token?scope=repository:a:pull'))
    assert.deepEqual(claimsOf(token).access, [])
    assert.equal((await rig.send(PULL, { as: bearer(token) })).status, 401)
    for (const as of [ALICE, bearer('x')]) {
      assert.equal((await rig.send(PULL, { as })).status, 401)
    }
  })

  for (const auth of ['token', 'basic']) {
    test(`--auth ${auth} is closed also on loopback`, async (t) => {
      const rig = await openRig(t, { images: ['a'], onlyLocal: true, args: [`--auth=${auth}`] })
      assert.deepEqual(await statuses(rig), CLOSED)
    })
  }

  test('--auth off is open, even with accounts', async (t) => {
    const rig = await openRig(t, { ...DOCUMENTS, policy: [], args: ['--auth=off'] })
    assert.deepEqual(await statuses(rig), OPEN)
  })
})

describe('the start of the server', () => {
  const USERS = { users: { alice: 'right horse' } }
  const everywhere = '--listen=0.0.0.0:0'

  test('nothing set up, on every address: refused, and it says what to do', async (t) => {
    await assert.rejects(serveWith(t, {}, everywhere), {
      name: 'SettingsError',
      message:
        '--listen 0.0.0.0 lets other machines reach this registry, which has no accounts and no policy: add an account first (slipway user add NAME), or use --auth off to let anyone push and delete',
    })
  })

  const ROWS: readonly (readonly [string, object, readonly string[], open: boolean])[] = [
    ['nothing set up, on loopback', {}, [], true],
    ['nothing set up, on loopback, --auth token', {}, ['--auth=token'], false],
    ['an account', USERS, [], false],
    ['a policy that cannot be read', { policy: 'rules: [' }, [], false],
    ['--auth off', USERS, ['--auth=off'], true],
  ]
  for (const [description, documents, args, open] of ROWS) {
    test(`${description}: ${open ? 'open' : 'closed'}`, async (t) => {
      const served = await serveWith(t, documents, ...args)
      assert.equal(served.open, open)
      const { status } = await served.send('GET /v2/')
      assert.equal(status, open ? 200 : description.includes('cannot') ? 503 : 401)
    })
  }
})
