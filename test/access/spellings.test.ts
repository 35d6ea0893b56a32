/**
 * The token endpoint in other spellings: none is answered, so that nobody gets tokens past the rates that a gateway has
 * for `/token`, or past a rule for it.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/api.ts'
import { lambdaOf } from '../emulators/gateway/function.ts'
import { sendThrough } from '../emulators/gateway/gateway.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import { startBucket } from '../support/hosts/start.ts'
import { writeDocuments } from './rig.ts'
import { serveWith } from './serve.ts'

const DOCUMENTS = {
  users: { alice: 'right horse' },
  policy: [{ who: ['anonymous'], repositories: ['**'], actions: ['pull'] }],
}

const SPELLINGS = [
  '/%74oken',
  '/%74%6f%6B%65%6e?service=slipway',
  '/toke%6E',
  '/%2574oken',
  '/token%2f',
  '/token/',
  '/%2Ftoken',
  '//token',
  '/./token',
  '/v2/../token',
  '/%2e/token',
  '/TOKEN',
  '/%2Ewell-known/jwks.json',
  '/.well-known/jwks%2Ejson',
]
const PLAIN = ['/token', '/token?service=slipway', '/.well-known/jwks.json']

describe('on the Node server', () => {
  test.each([
    ...PLAIN.map((path) => [path, 200] as const),
    ...SPELLINGS.map((path) => [path, 404] as const),
  ])('%s: %s', async (path, status) => {
    const { send } = await serveWith({ onTestFinished }, DOCUMENTS, '--auth=token')
    expect((await send(`GET ${path}`)).status).toBe(status)
  })
})

describe.each([
  ['length kept', 404],
  // What it decodes after it has chosen the route is the key set all the same, which has no rates.
  ['path decoded, length counted, challenge renamed', 200],
] as const)('behind a gateway, %s', (habits, keys) => {
  let bucket: Awaited<ReturnType<typeof startBucket>>
  let invoke: ReturnType<typeof lambdaOf>
  beforeAll(async () => {
    bucket = await startBucket()
    const env = { ...bucket.env, SLIPWAY_AUTH: 'token' }
    await writeDocuments(await openStore(readSettings([], env), env), DOCUMENTS, Date.now())
    invoke = lambdaOf(createHandler(env))
  })
  afterAll(() => bucket.server.close())
  const statusOf = async (target: string) =>
    (await sendThrough({ invoke, habits: GATEWAYS[habits] }, { method: 'GET', target })).status

  test.each(PLAIN)('%s', async (path) => {
    expect(await statusOf(path)).toBe(200)
  })

  test.each(SPELLINGS)('%s', async (path) => {
    expect(await statusOf(path)).toBe(path.includes('jwks') ? keys : 404)
  })
})
