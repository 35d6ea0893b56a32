/**
 * What people cost who log in with a browser. The keys that sign are read only when somebody has logged in: strangers
 * cause no signatures.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAccess } from '../../functions/compose/open-access.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { ISSUERS_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { CLIENT, OWN_PAGE, PeopleIssuer } from '../access/people-issuer.ts'
import { policyText } from '../access/rig.ts'
import { write } from '../auth/harness.ts'
import { silent } from '../support/hosts/start.ts'
import { expectStatus } from '../support/rig/client.ts'
import { type Budget, meter } from './measure.ts'

const { open, costs, store } = await meter()
const issuer = new PeopleIssuer()
beforeAll(() => issuer.open())
afterAll(() => issuer.close())

const began = Date.now()
const NOTHING: Budget = { calls: {} }
const reads = (GetObject: number): Budget => ({ calls: { GetObject } })

test('a log-in reads the issuers and a secret; its end the policy and the keys; then nothing', async () => {
  const entry = { issuer: issuer.origin, privateAddresses: true, login: { clientId: CLIENT } }
  await write(store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers: [entry] }))
  await write(store, POLICY_KEY, policyText([]))
  const settings = readSettings(['--auth', 'token', '--store', 's3://bucket/registry'], {})
  const opening = async () => {
    const { isSetUp: _, ...access } = await openAccess(settings, {}, store, silent, false, {
      now: () => began,
    })
    return open({ ...access, publicUrl: 'https://registry.example' })
  }
  // The first instance over a bucket makes the secret and the keys.
  const first = await opening()
  await expectStatus(303, first('GET /auth/login'))
  await expectStatus(200, first('GET /.well-known/jwks.json'))

  const send = await opening()
  const started = await costs(reads(2), () => expectStatus(303, send('GET /auth/login')))
  await costs(NOTHING, () => expectStatus(303, send('GET /auth/login')))
  const sealed = started.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const asked = new URL(started.headers.get('Location') ?? '').searchParams
  const [state, nonce] = [asked.get('state'), asked.get('nonce')]
  issuer.challenge = asked.get('code_challenge') ?? ''
  issuer.idToken = issuer.signed(began, { nonce })
  const back = (code: string) =>
    send(`GET /auth/callback?state=${state}&code=${code}`, undefined, { Cookie: sealed })
  await costs(NOTHING, () => expectStatus(403, back('wrong')))
  const ended = await costs(reads(2), () => expectStatus(303, back('right')))

  const session = ended.headers.getSetCookie()[1]?.split(';')[0] ?? ''
  expect(session).toMatch(/^__Host-slipway-session=./)
  const headers = { ...OWN_PAGE, Cookie: session }
  await costs(NOTHING, async () => {
    await expectStatus(200, send('GET /auth/session', undefined, headers))
    await expectStatus(200, send('POST /auth/session/token', Buffer.from(''), headers))
  })
})
