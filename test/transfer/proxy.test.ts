/**
 * The proxy as clients see it: uploads of its own, everything else from the registry.
 *
 * @module
 */

import { readdirSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { proxyTo } from '../../functions/transfer/proxy/proxy.ts'
import { createHttp, type Http } from '../../functions/transfer/registry/http.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { codeOf, expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'
import {
  begin,
  has,
  inChunks,
  pushAsContainerd,
  pushAsDocker,
  pushAtOnce,
  pushManifest,
} from '../support/rig/push.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'
import { until } from '../support/until.ts'

const LAYER = blob('layer', 100_000)
/** Bytes of blobs that the proxy has sent on. */
let passed = 0
const client = createHttp('slipway/test')
const http: Http = {
  ...client,
  send: (outgoing) => {
    const { body } = outgoing
    if (body === undefined || body instanceof Uint8Array) return client.send(outgoing)
    return client.send({ ...outgoing, body: { ...body, passed: (bytes) => (passed += bytes) } })
  },
}
const agent = createAgent()
let registry: OpenedServer
let send: Send
let directory: string
const closers: (() => unknown)[] = [() => http.close(), () => agent.destroy()]

beforeAll(async () => {
  registry = await serveFiles()
  const { path, remove } = await temporaryDirectory()
  directory = path
  const origin = new URL(registry.url).origin
  const server = createServer(
    proxyTo({ http, origin, credentials: undefined, directory, say: () => {} }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  send = (request, body, headers) =>
    sendOver(agent, url, { ...requestLine(request), body, headers })
  closers.unshift(
    () => server.closeAllConnections(),
    () => void server.close(),
  )
  closers.push(registry.close, remove)
})
afterAll(async () => {
  for (const close of closers) await close()
})

test.each([
  ['docker', pushAsDocker],
  ['containerd', pushAsContainerd],
  ['one request', pushAtOnce],
])('a push as of %s comes to the registry', async (name, push) => {
  const repository = `by/${name.replace(' ', '-')}`
  for (const each of [CONFIG, LAYER]) await push(send, repository, each)
  await pushManifest(send, repository, 'v1', imageOf([LAYER]))
  expect(await has(registry.send, repository, LAYER)).toBe(true)
  const read = await expectStatus(200, send(`GET /v2/${repository}/blobs/${LAYER.sha256}`))
  expect(read.body.equals(LAYER.bytes)).toBe(true)
  await expectStatus(200, send(`GET /v2/${repository}/manifests/v1`))
})

describe('an upload', () => {
  test('of other bytes than its digest says is refused, and over', async () => {
    const at = locationOf(await begin(send, 'app'), `digest=${LAYER.sha256}`)
    const answer = await send(`PUT ${at}`, Buffer.from('other'))
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await send(`PUT ${at}`, LAYER.bytes)).status).toBe(404)
    expect(await has(registry.send, 'app', LAYER)).toBe(false)
  })

  test('whose digest is known is sent on while it comes', async () => {
    const content = blob('while it comes', 300_000)
    const at = locationOf(await begin(send, 'coming'), `digest=${content.sha256}`)
    const held = Promise.withResolvers<void>()
    const body = (async function* () {
      yield content.bytes.subarray(0, 200_000)
      await held.promise
      yield content.bytes.subarray(200_000)
    })()
    const before = passed
    const answered = send(`PUT ${at}`, body, { 'Content-Length': '300000' })
    await until(() => passed - before === 200_000)
    held.resolve()
    await expectStatus(201, answered)
    expect(await has(registry.send, 'coming', content)).toBe(true)
  })

  test('under sha512 comes to the registry', async () => {
    const content = blob('sha512', 100_000)
    const patched = await send(`PATCH ${locationOf(await begin(send, 'long'))}`, content.bytes)
    const at = locationOf(patched, `digest=${content.sha512}`)
    await expectStatus(201, send(`PUT ${at}`))
    await expectStatus(200, send(`GET /v2/long/blobs/${content.sha512}`))
    const wrong = locationOf(await begin(send, 'long'), `digest=${LAYER.sha512}`)
    expect(codeOf(await send(`PUT ${wrong}`, content.bytes))).toBe('DIGEST_INVALID')
  })

  test('that its client breaks off leaves nothing', async () => {
    const content = blob('broken off', 300_000)
    const at = locationOf(await begin(send, 'broken'), `digest=${content.sha256}`)
    const body = (async function* () {
      yield content.bytes.subarray(0, 200_000)
      throw new Error('broken off')
    })()
    await expect(send(`PUT ${at}`, body, { 'Content-Length': '300000' })).rejects.toThrow()
    await until(() => readdirSync(directory).length === 0)
    expect(await has(registry.send, 'broken', content)).toBe(false)
    expect((await send(`GET ${at}`)).status).toBe(404)
  })

  test('in chunks goes on where it is', async () => {
    const [first, rest] = [LAYER.bytes.subarray(0, 1000), LAYER.bytes.subarray(1000)]
    const begun = await begin(send, 'chunks')
    const range = (start: number, end: number) => ({ 'Content-Range': `${start}-${end}` })
    const patched = await expectStatus(
      202,
      send(`PATCH ${locationOf(begun)}`, first, range(0, 999)),
    )
    expect(patched.headers.get('Range')).toBe('0-999')
    const wrong = await send(`PATCH ${locationOf(begun)}`, first, range(0, 999))
    expect([wrong.status, codeOf(wrong)]).toEqual([416, 'RANGE_INVALID'])
    const status = await expectStatus(204, send(`GET ${locationOf(patched)}`))
    expect(status.headers.get('Range')).toBe('0-999')
    await expectStatus(202, send(`PATCH ${locationOf(begun)}`, inChunks(rest), range(1000, 99_999)))
    await expectStatus(201, send(`PUT ${locationOf(begun, `digest=${LAYER.sha256}`)}`))
    expect(await has(registry.send, 'chunks', LAYER)).toBe(true)
  })

  test('can be cancelled, and belongs to its repository', async () => {
    const at = locationOf(await begin(send, 'app'))
    expect((await send(`GET ${at.replace('/v2/app/', '/v2/other/')}`)).status).toBe(404)
    await expectStatus(405, send(`POST ${at}`))
    await expectStatus(204, send(`DELETE ${at}`))
    expect((await send(`GET ${at}`)).status).toBe(404)
  })

  test('is mounted where the registry has the blob', async () => {
    await pushAtOnce(send, 'source', LAYER)
    const query = `?mount=${LAYER.sha256}&from=source`
    const answer = await send(`POST /v2/mounted/blobs/uploads/${query}`)
    expect(answer.status).toBe(201)
    expect(await has(registry.send, 'mounted', LAYER)).toBe(true)
  })
})

test.each([
  ['an origin', { origin: 'https://page.example' }],
  ['a site', { 'sec-fetch-site': 'cross-site' }],
  ['another name for this host', { host: 'rebound.example' }],
])('a request of a web page, which shows by %s, is refused', async (_, headers) => {
  expect((await send('GET /v2/', undefined, headers)).status).toBe(403)
})

test.each(['m.evil://x/v2/', 'm://evil.example/v2/', 'http://evil.example/v2/', '*'])(
  'a request for %s, which is no path, goes nowhere',
  async (path) => {
    const asked: string[] = []
    const deaf = async ({ url }: { readonly url: string }): Promise<never> => {
      asked.push(url)
      throw new Error('nothing may be sent')
    }
    const credentials = { name: 'alice', password: 'secret' }
    const elsewhere = { send: deaf, open: deaf, close: () => {} }
    const common = { http: elsewhere, credentials, directory, say: () => {} }
    const server = createServer(proxyTo({ ...common, origin: 'https://registry.co' }))
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const status = await new Promise((resolve) => {
      request({ port, host: '127.0.0.1', path, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).end()
    })
    expect([status, asked]).toEqual([400, []])
  },
)
