/**
 * Others find the keys of this registry by the name of the issuer, as OpenID Connect has it.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parseIssuers, trustedIssuer } from '../../functions/auth/issuers/document.ts'
import { type AccessRig, claimsOf, jsonOf, openRig, policyText } from './rig.ts'

const POLICY = policyText([{ who: ['anonymous'], repositories: ['**'], actions: ['pull'] }])
const PATH = '/.well-known/openid-configuration'

let rig: AccessRig | undefined
const server = createServer(async (request, response) => {
  const { status, headers, body } = await rig!.send(`${request.method} ${request.url}`)
  response.writeHead(status, Object.fromEntries(headers)).end(body)
})
let origin = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const open = async (issuer: string): Promise<AccessRig> => {
  rig = await openRig({ onTestFinished }, { policy: POLICY, args: [`--token-issuer=${issuer}`] })
  return rig
}

test('a library and another Slipway verify a token by the name of the issuer alone', async () => {
  const { send } = await open(origin)
  const answer = await send(`GET ${PATH}`)
  const { status, headers } = answer
  expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300'])
  const configuration = jsonOf(answer)
  expect(configuration).toMatchObject({
    issuer: origin,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    token_endpoint: `${origin}/token`,
    id_token_signing_alg_values_supported: ['ES256'],
  })

  const { token } = jsonOf(await send('GET /token?service=slipway'))
  const keys = createRemoteJWKSet(new URL(configuration.jwks_uri))
  const currentDate = new Date(claimsOf(token).iat * 1000)
  const algorithms = configuration.id_token_signing_alg_values_supported
  const { payload } = await jwtVerify(token, keys, { issuer: origin, algorithms, currentDate })
  expect(payload.iss).toBe(origin)

  const document = { version: 1, issuers: [{ issuer: origin, privateAddresses: true }] }
  const [entry] = await parseIssuers(JSON.stringify(document))
  const { source } = await trustedIssuer(entry!, 'other', Date.now)
  expect(await source.keys()).toHaveLength(1)
})

test('where the name of the issuer is no URL, nobody can look there', async () => {
  const { send } = await open('slipway')
  expect((await send(`GET ${PATH}`)).status).toBe(404)
})

test('the name may end with a slash, and may have a path', async () => {
  for (const [issuer, keys] of [
    ['https://registry.example/', 'https://registry.example/.well-known/jwks.json'],
    ['https://example.com/registry', 'https://example.com/registry/.well-known/jwks.json'],
  ] as const) {
    const { send } = await open(issuer)
    const configuration = jsonOf(await send(`GET ${PATH}`))
    expect(configuration).toMatchObject({ issuer, jwks_uri: keys })
  }
})
