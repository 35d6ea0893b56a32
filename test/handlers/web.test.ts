/**
 * The Web Function as Lambda starts it. The protocol as a whole is tested through its endpoint's emulator.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHandler } from '../../functions/handlers/api.ts'
import { type RunningFunction, startWebFunction } from '../../functions/node/web-function/start.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { blob } from '../support/hosts/content.ts'
import type { Sent } from '../support/hosts/host.ts'
import { startBucket } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { get, uploadPost } from './events.ts'
import { WRONG } from './wrong-settings.ts'

const HOST = 'abc.x.lambda-web.eu-central-1.on.aws'
const ENDPOINT = { AWS_LAMBDA_HTTP_ENDPOINT: '127.0.0.1:0' }

for (const [env, message] of WRONG) {
  test(`settings ${JSON.stringify(env)} are refused`, async (t) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'any').stubEnv('AWS_SECRET_ACCESS_KEY', 'any')
    t.onTestFinished(() => void vi.unstubAllEnvs())
    const starting = startWebFunction({ ...env, ...ENDPOINT } as Record<string, string>)
    await expect(starting).rejects.toThrow(
      expect.objectContaining({ name: 'SettingsError', message: expect.stringMatching(message) }),
    )
  })
}

test('without an endpoint there is nothing to listen on', async () => {
  await expect(startWebFunction({ SLIPWAY_STORE: 's3://bucket' })).rejects.toThrow(
    'AWS_LAMBDA_HTTP_ENDPOINT is not set',
  )
})

describe('on a bucket', () => {
  const agent = createAgent()
  let s3: S3Server
  let env: Record<string, string>
  let running: RunningFunction
  const send = (sent: Sent) => sendOver(agent, `http://127.0.0.1:${running.port}`, sent)

  beforeAll(async () => {
    const bucket = await startBucket()
    s3 = bucket.server
    env = { ...bucket.env, ...ENDPOINT }
    running = await startWebFunction(env)
  })
  afterAll(async () => {
    agent.destroy()
    await running.stop()
    await s3.close()
  })

  test('the token endpoint is on the host that the client used, over https', async () => {
    const guarded = await startWebFunction({ ...env, SLIPWAY_AUTH: 'token' })
    const { headers } = await sendOver(agent, `http://127.0.0.1:${guarded.port}`, {
      method: 'GET',
      target: '/v2/',
      headers: { host: HOST, 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    })
    await guarded.stop()
    const challenge = `Bearer realm="https://${HOST}/token",service="slipway"`
    expect(headers.get('WWW-Authenticate')).toBe(challenge)
    expect(headers.get('X-Registry-Challenge')).toBe(challenge)
  })

  test("the request's id is the endpoint's, not the client's", async () => {
    const headers = { 'x-request-id': 'mine', 'lambda-web-request-id': 'theirs' }
    const answer = await send({ method: 'GET', target: '/v2/', headers })
    expect(answer.headers.get('X-Request-Id')).toBe('theirs')
  })

  test('blobs and their HEADs are redirected', async () => {
    const { bytes, sha256 } = blob('redirected', 1000)
    const target = `/v2/a/blobs/uploads/?digest=${sha256}`
    expect((await send({ method: 'POST', target, body: bytes })).status).toBe(201)
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await send({ method, target: `/v2/a/blobs/${sha256}` })
      expect(status).toBe(307)
      const answer = await fetch(String(headers.get('Location')), { method })
      expect(answer.headers.get('Content-Length')).toBe('1000')
    }
  })

  test('an upload that the API began is continued here, and the other way round', async () => {
    const api = createHandler(env)
    const { bytes, sha256 } = blob('both', 300_000)
    const begun = await api(uploadPost(), {} as never)
    const patched = await send({
      method: 'PATCH',
      target: String(begun.headers?.location),
      body: bytes,
    })
    expect(patched.status).toBe(202)
    const event = get(`${patched.headers.get('Location')}`.split('?')[0] ?? '')
    event.requestContext.http.method = 'PUT'
    event.rawQueryString = `${patched.headers.get('Location')?.split('?')[1]}&digest=${sha256}`
    expect((await api(event, {} as never)).statusCode).toBe(201)
  })

  test('what uploads need is fetched at the start, and a failure of that ends nothing', async () => {
    const broken = await startWebFunction({ ...env, SLIPWAY_S3_ENDPOINT: 'http://127.0.0.1:9' })
    const origin = `http://127.0.0.1:${broken.port}`
    expect((await sendOver(agent, origin, { method: 'GET', target: '/v2/' })).status).toBe(200)
    await broken.stop()
  })
})
