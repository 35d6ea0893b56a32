/**
 * An issuer whose server takes requests for its keys and never responds.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ISSUERS_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { ec, jwkOf } from '../auth/tokens-forge.ts'
import { basic, bearer, foreignToken, jsonOf, openRig } from './rig.ts'

const RULES = [{ who: ['authenticated'], repositories: ['**'], actions: ['pull', 'push'] }]
const QUERY = 'GET /token?scope=repository:a:pull'

test('its tokens are 503 after some seconds, by few requests; nobody else waits for them', async () => {
  let asked = 0
  const server = createServer(() => void asked++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const rig = await openRig({ onTestFinished }, { robots: ['ci'], policy: RULES })
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  const key = ec()
  const issuers = [
    { issuer: 'https://hangs.example', jwksUrl },
    { issuer: 'https://works.example', jwks: { keys: [jwkOf(key, { kid: 'other' })] } },
  ]
  await write(rig.store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers }))
  const tokenOf = (iss: string): string => foreignToken(rig.clock.now(), { iss }, key)

  const hanging = tokenOf('https://hangs.example')
  let ended = 0
  const waiting = Array.from({ length: 20 }, async (_, at) => {
    const answer = await (at % 2 === 0
      ? rig.send(QUERY, { as: basic('token', hanging) })
      : rig.send('GET /v2/a/tags/list', { as: bearer(hanging) }))
    ended++
    return answer
  })
  const others = await Promise.all([
    rig.send(QUERY, { as: basic('robot+ci', rig.secrets.get('ci') ?? '') }),
    rig.send(QUERY, { as: basic('token', tokenOf('https://works.example')) }),
    rig.send(QUERY),
  ])
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(ended).toBe(0)

  const answers = await Promise.all(waiting)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(jsonOf(answers[0]!).errors[0].message).not.toContain('127.0.0.1')
  expect(asked).toBe(1)
  // Once it has hung, it is not waited for again at once.
  const again = await rig.send(QUERY, { as: basic('token', hanging) })
  expect([again.status, asked]).toEqual([503, 1])
})
