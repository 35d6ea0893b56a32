/**
 * What log-ins cost. Failures are counted by all instances over a bucket, and in memory where the process is
 * the only one.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { openAccess } from '../../functions/compose/open-access.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { basic, bearer, jsonOf, writeDocuments } from '../access/rig.ts'
import { silent } from '../support/hosts/start.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { type Budget, meter } from './measure.ts'

const { open, costs, store } = await meter()
const began = Date.now()
const secrets = await writeDocuments(
  store,
  {
    users: { alice: 'right' },
    robots: ['ci'],
    policy: [{ who: ['user:alice', 'robot:ci'], repositories: ['**'], actions: ['*'] }],
  },
  began,
)
const ROBOT = basic('robot+ci', secrets.get('ci') ?? '')
const TOKEN = 'GET /token?service=slipway&offline_token=true&scope=repository:a/b:pull'

let opened = 0

/** A registry that has read its documents. */
const openRegistry = async (...args: readonly string[]): Promise<Send> => {
  const settings = readSettings(['--auth', 'token', ...args], {})
  const { isSetUp: _, ...access } = await openAccess(settings, {}, store, silent, false, {
    now: () => began,
  })
  const send = await open(access)
  await expectStatus(200, send(TOKEN, undefined, as(ROBOT)))
  await expectStatus(401, send(TOKEN, undefined, as(basic(`someone ${opened++}`, 'else'))))
  return send
}

const as = (authorization: string) => ({ Authorization: authorization })
const NOTHING: Budget = { calls: {} }
const ONE_READ: Budget = { calls: { GetObject: 1 }, steps: 1 }
const AND_A_WRITE: Budget = { calls: { GetObject: 1, PutObject: 1 }, steps: 2 }

describe('over a bucket', () => {
  const instance = () => openRegistry('--store', 's3://bucket/registry')

  test('a right password: a read, and nothing while it is remembered', async () => {
    const send = await instance()
    const logIn = () => expectStatus(200, send(TOKEN, undefined, as(basic('alice', 'right'))))
    await costs(ONE_READ, logIn)
    await costs(NOTHING, logIn)
  })

  test('tokens, refresh tokens and robots: nothing', async () => {
    const send = await instance()
    const logIn = expectStatus(200, send(TOKEN, undefined, as(basic('alice', 'right'))))
    const { token, refresh_token } = jsonOf(await logIn)
    // Reads whose tokens are accepted.
    await expectStatus(200, send('GET /v2/', undefined, as(bearer(token))))
    await costs(NOTHING, async () => {
      await expectStatus(200, send('GET /v2/', undefined, as(bearer(token))))
      await expectStatus(200, send(TOKEN, undefined, as(ROBOT)))
      await expectStatus(401, send(TOKEN, undefined, as(basic('robot+ci', 'wrong'))))
      const form = `grant_type=refresh_token&service=slipway&refresh_token=${refresh_token}`
      const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
      await expectStatus(200, send('POST /token', Buffer.from(form), type))
    })
  })

  for (const [name, who] of [
    ['alice', 'a user'],
    ['nobody', 'an account that is not there'],
  ] as const) {
    test(`a wrong password of ${who}: a read and a write, once a minute`, async () => {
      const send = await instance()
      const logIn = () => expectStatus(401, send(TOKEN, undefined, as(basic(name, 'wrong'))))
      await costs(AND_A_WRITE, logIn)
      await costs(NOTHING, logIn)
    })
  }

  test('what has to wait: a read, by whichever instance', async () => {
    for (let index = 0; index < 8; index++) {
      const send = await instance()
      await send(TOKEN, undefined, as(basic('bob', `guess ${index}`)))
    }
    const send = await instance()
    await costs(ONE_READ, async () => {
      const { headers } = await expectStatus(
        429,
        send(TOKEN, undefined, as(basic('bob', 'another'))),
      )
      expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0)
    })
  })
})

for (const [where, args] of [
  ['on files', ['--store', 'file:/nowhere']],
  ['of a read-only registry', ['--store', 's3://bucket/registry', '--read-only', 'on']],
] as const) {
  test(`log-ins ${where}: nothing`, async () => {
    const send = await openRegistry(...args)
    await costs(NOTHING, async () => {
      await expectStatus(401, send(TOKEN, undefined, as(basic('carol', 'wrong'))))
      await expectStatus(200, send(TOKEN, undefined, as(basic('alice', 'right'))))
    })
  })
}
