/**
 * Changes to who may do what: seen soon, without a restart; and what a document that is not as it
 * must be does, which is never to let anybody in.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatRobots } from '../../functions/auth/accounts/robots.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/storage/keys.ts'
import { userLine, write } from '../auth/harness.ts'
import { checkError } from '../support/hosts/exchange.ts'
import {
  type AccessRig,
  basic,
  bearer,
  foreignToken,
  jsonOf,
  openRig,
  policyText,
  type RigOptions,
  tokenFor,
  writeDocuments,
} from './rig.ts'
import { serveWith } from './serve.ts'

/** Milliseconds in which a change is seen. */
const SOON = 20_000
const ALICE = basic('alice', 'right horse')
const BOB = basic('bob', 'battery')
const DOCUMENTS: RigOptions = {
  users: { alice: 'right horse', bob: 'battery' },
  groups: { dev: ['alice'] },
  robots: ['ci'],
  foreign: true,
  images: ['a'],
  policy: [
    { who: ['group:dev', 'robot:ci', 'claim:role=admin'], repositories: ['**'], actions: ['*'] },
  ],
}
const robot = ({ secrets }: AccessRig): string => basic('robot+ci', secrets.get('ci') ?? '')
const PULL = 'GET /v2/a/manifests/v1'

interface Change {
  readonly description: string
  readonly change: (rig: AccessRig) => Promise<unknown>
  readonly as: (rig: AccessRig) => Promise<string> | string
  /** Statuses of a pull before and after. */
  readonly statuses: readonly [number, number]
}

const CHANGES: readonly Change[] = [
  {
    description: 'a user is added, and put into a group',
    change: async ({ store }) => {
      await writeDocuments(store, { users: { carol: 'staple' }, groups: { dev: ['carol'] } }, 0)
    },
    as: () => basic('carol', 'staple'),
    statuses: [401, 200],
  },
  {
    description: 'a user is removed',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('bob', 'battery')),
    as: () => ALICE,
    statuses: [200, 401],
  },
  {
    description: 'a user is removed who holds a token',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('bob', 'battery')),
    as: (rig) => tokenFor(rig, ALICE, 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'a password is changed',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('alice', 'other')),
    as: () => ALICE,
    statuses: [200, 401],
  },
  {
    description: 'a user joins a group',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev: alice bob\n'),
    as: () => BOB,
    statuses: [403, 200],
  },
  {
    description: 'a user leaves a group',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev:\n'),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'a user leaves a group, holding a token',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev:\n'),
    as: (rig) => tokenFor(rig, ALICE, 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'the groups are deleted',
    change: ({ store }) => store.delete([GROUPS_KEY]),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'a robot is removed',
    change: ({ store }) => write(store, ROBOTS_KEY, formatRobots(new Map())),
    as: robot,
    statuses: [200, 401],
  },
  {
    description: 'the policy allows more',
    change: ({ store }) =>
      write(
        store,
        POLICY_KEY,
        policyText([{ who: ['authenticated'], repositories: ['a'], actions: ['pull'] }]),
      ),
    as: () => BOB,
    statuses: [403, 200],
  },
  {
    description: 'the policy allows less',
    change: ({ store }) => write(store, POLICY_KEY, policyText([])),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'the policy allows less, also with a token issued before',
    change: ({ store }) => write(store, POLICY_KEY, policyText([])),
    as: (rig) => tokenFor(rig, robot(rig), 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'the policy is deleted',
    change: ({ store }) => store.delete([POLICY_KEY]),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'another issuer is trusted no longer',
    change: ({ store }) => store.delete([ISSUERS_KEY]),
    as: ({ clock }) => bearer(foreignToken(clock.now(), { role: 'admin' })),
    statuses: [200, 401],
  },
]

for (const { description, change, as, statuses } of CHANGES) {
  test(`${description}: seen in ${SOON / 1000} s`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const shown = await as(rig)
    assert.equal((await rig.send(PULL, { as: shown })).status, statuses[0])
    await change(rig)
    rig.clock.pass(SOON)
    assert.equal((await rig.send(PULL, { as: shown, address: '192.0.2.2' })).status, statuses[1])
    const changes = rig.events().filter(({ event }) => event === 'config')
    assert.ok(changes.length >= 1, 'the audit trail has the change')
    assert.ok(changes.every(({ outcome, what }) => outcome === 'ok' && what.includes('/config/')))
  })
}

const BROKEN: readonly (readonly [string, key: string, text: string])[] = [
  ['policy: no YAML', POLICY_KEY, 'rules: ['],
  ['policy: an unknown field', POLICY_KEY, '{"version":1,"rules":[],"open":true}'],
  ['policy: another version', POLICY_KEY, '{"version":2,"rules":[]}'],
  ['policy: empty', POLICY_KEY, ''],
  [
    'policy: a rule that would open everything, and one that is wrong',
    POLICY_KEY,
    'version: 1\nrules:\n- {who: [anonymous], repositories: ["**"], actions: ["*"]}\n- {who: []}\n',
  ],
  ['htpasswd: no bcrypt', HTPASSWD_KEY, 'mallory:$apr1$x$y\n'],
  ['htpasswd: a password as it is', HTPASSWD_KEY, 'mallory:hunter2\n'],
  ['robots: no JSON', ROBOTS_KEY, 'ci'],
  ['groups: no group', GROUPS_KEY, 'dev\n'],
]

/** Callers about whom nothing can be decided without a document. */
const DEPENDENT: Readonly<Record<string, (rig: AccessRig) => readonly (string | undefined)[]>> = {
  [POLICY_KEY]: (rig) => [ALICE, BOB, robot(rig), undefined],
  [HTPASSWD_KEY]: () => [ALICE, BOB],
  [ROBOTS_KEY]: (rig) => [robot(rig)],
  [GROUPS_KEY]: (rig) => [ALICE, BOB, robot(rig)],
}

for (const [description, key, text] of BROKEN) {
  test(`broken later, ${description}: the last good one stays, loudly`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const states = async () => {
      const callers = [ALICE, BOB, robot(rig), undefined]
      const sent = callers.map((as) => rig.send(PULL, { as }))
      return (await Promise.all(sent)).map(({ status }) => status)
    }
    const before = await states()
    assert.deepEqual(before, [200, 403, 200, 401])
    await write(rig.store, key, text)
    for (let turn = 0; turn < 3; turn++) {
      rig.clock.pass(SOON)
      assert.deepEqual(await states(), before)
    }
    const errors = rig.logged.filter(({ level }) => level === 'error')
    assert.ok(errors.length >= 1)
    for (const { fields, message } of errors) {
      assert.equal(fields.key, key)
      assert.match(message, /the last good one stays in force/)
    }
    const failed = rig
      .events()
      .filter(({ event, outcome }) => event === 'config' && outcome === 'failed')
    assert.ok(failed.length >= 1 && failed.every(({ what, why }) => what === key && why))
    // A document with a hash that is none may hold a password.
    assert.ok(!JSON.stringify(rig.logged).includes('hunter2'))
  })

  for (const auth of ['token', 'basic', 'auto']) {
    test(`broken from the start, ${description}, --auth ${auth}: who depends on it does not get in`, async (t) => {
      const rig = await openRig(t, { ...DOCUMENTS, args: [`--auth=${auth}`], onlyLocal: true })
      await write(rig.store, key, text)
      for (const as of DEPENDENT[key]?.(rig) ?? []) {
        for (const request of [PULL, 'POST /v2/a/blobs/uploads/', 'GET /v2/_catalog', 'GET /v2/']) {
          const answer = await rig.send(request, { as })
          assert.equal(answer.status, 503, request)
          checkError(answer, 'UNAVAILABLE', /access control cannot be read/)
        }
        if (auth === 'basic') continue
        assert.equal((await rig.send('GET /token?scope=repository:a:pull', { as })).status, 503)
      }
      assert.notEqual((await rig.send(PULL)).status, 200)
      assert.ok(rig.logged.some(({ message }) => message.includes('nobody gets in')))
    })
  }

  test(`mended: ${description}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const good = await rig.store.get(key)
    const bytes = new Uint8Array(await new Response(good?.body).arrayBuffer())
    await write(rig.store, key, text)
    const as = key === ROBOTS_KEY ? robot(rig) : ALICE
    assert.equal((await rig.send(PULL, { as })).status, 503)
    await rig.store.put(key, bytes)
    rig.clock.pass(SOON)
    assert.equal((await rig.send(PULL, { as })).status, 200)
  })
}

/** Documents of issuers that cannot be used, some only when their keys are read. */
const BROKEN_ISSUERS: readonly (readonly [string, issuers: object | string])[] = [
  ['no YAML', '['],
  ['an unknown field', { issuer: 'x', jwks: { keys: [] }, open: true }],
  ['certificates that are none', { issuer: 'x', certificates: 'nonsense' }],
  ['a URL without TLS', { issuer: 'x', jwksUrl: 'http://keys.example/jwks' }],
  ['an issuer twice', [1, 2].map(() => ({ issuer: 'x', jwks: { keys: [] } }))],
]
for (const [description, issuers] of BROKEN_ISSUERS) {
  const document = { version: 1, issuers: [issuers].flat() }
  const text = typeof issuers === 'string' ? issuers : JSON.stringify(document)
  const callers = async (rig: AccessRig) => [
    bearer(foreignToken(rig.clock.now(), { role: 'admin' })),
    await tokenFor(rig, ALICE, 'repository:a:pull'),
  ]

  test(`issuers broken later, ${description}: those before stay trusted, loudly`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const shown = await callers(rig)
    for (const as of shown) assert.equal((await rig.send(PULL, { as })).status, 200)
    await write(rig.store, ISSUERS_KEY, text)
    rig.clock.pass(SOON)
    for (const as of shown) assert.equal((await rig.send(PULL, { as })).status, 200)
    const errors = rig.logged.filter(({ level }) => level === 'error')
    assert.match(errors[0]?.message ?? '', /the last good one stays in force/)
  })

  test(`issuers broken from the start, ${description}: no token is believed`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    await write(rig.store, ISSUERS_KEY, text)
    for (const as of await callers(rig)) assert.equal((await rig.send(PULL, { as })).status, 503)
    assert.equal((await rig.send(PULL, { as: ALICE })).status, 200)
  })
}

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
      // Credentials that nothing is known about do no harm while it is open.
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

  test('where others reach it, as on Lambda, nothing set up lets nobody in', async (t) => {
    const rig = await openRig(t, { images: ['a'], onlyLocal: false })
    assert.deepEqual(await statuses(rig), CLOSED)
    assert.equal((await rig.send('GET /token')).status, 401)
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

  test('--auth off is open, whatever is set up', async (t) => {
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
        '--listen 0.0.0.0 lets others in, and nothing says who may do what: add an account first (slipway user add NAME), or say --auth off to let anyone push and delete',
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

test('two documents change at once, and requests meanwhile are answered', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await rig.send(PULL, { as: ALICE })
  await write(rig.store, POLICY_KEY, policyText([]))
  await write(rig.store, GROUPS_KEY, 'dev: bob\n')
  rig.clock.pass(SOON)
  const answers = await Promise.all(Array.from({ length: 20 }, () => rig.send(PULL, { as: ALICE })))
  assert.ok(answers.every(({ status }) => status === 403))
  const { token } = jsonOf(await rig.send('GET /token?scope=repository:a:pull', { as: BOB }))
  assert.equal((await rig.send(PULL, { as: bearer(token) })).status, 401)
})
