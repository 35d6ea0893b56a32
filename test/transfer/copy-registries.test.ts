/** Copies from registries with habits of their own, or that fail on the way, to the real server. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { authorizing } from '../../functions/transfer/registry/authorize.ts'
import { registryDestination } from '../../functions/transfer/registry/destination.ts'
import { createHttp } from '../../functions/transfer/registry/http.ts'
import { registryOrigin } from '../../functions/transfer/registry/origin.ts'
import { targetAt } from '../../functions/transfer/registry/target.ts'
import { delivering } from '../../functions/transfer/sender.ts'
import { type OpenedServer, serveFiles } from '../support/rig/server.ts'
import { addIndex, type Content, copyBetween, empty, originOf } from './places.ts'

const http = createHttp('slipway/test')
let registry: OpenedServer
beforeAll(async () => {
  registry = await serveFiles()
})
afterAll(async () => {
  http.close()
  await registry.close()
})

/** What a registry does instead of a plain response; false: nothing special. */
type Habit = (
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer | undefined,
) => boolean

/** Serves content as a registry does. @returns its address, and what it was asked for */
const serve = async (
  t: Pick<TestContext, 'onTestFinished'>,
  content: Content,
  habit: Habit = () => false,
) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { url = '', method = '' } = request
    asked.push(`${method} ${url}`)
    const [, kind = '', reference = ''] = url.match(/^\/v2\/src\/app\/(\w+)\/([^?]+)/) ?? []
    const digest = content.tags.get(reference) ?? reference
    const manifest = kind === 'manifests' ? content.manifests.get(digest) : undefined
    const list =
      kind === 'referrers' ? { manifests: content.referrers.get(digest) ?? [] } : undefined
    const found =
      manifest?.bytes ?? content.blobs.get(digest) ?? (list && Buffer.from(JSON.stringify(list)))
    if (manifest !== undefined) response.setHeader('Content-Type', manifest.mediaType)
    if (habit(request, response, found)) return
    response.statusCode = found === undefined ? 404 : 200
    const { range } = request.headers
    const start = Number(range?.match(/^bytes=(\d+)-/)?.[1] ?? 0)
    if (found !== undefined && range !== undefined) response.statusCode = 206
    response.end(found?.subarray(start))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.onTestFinished(() => void server.close())
  t.onTestFinished(() => server.closeAllConnections())
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const openOrigin = (origin: string) => {
  const credentials = { name: 'alice', password: 'secret' }
  const own = authorizing(http, origin, credentials, 'repository:src/app:pull')
  return registryOrigin({ http, origin, called: 'source/src/app', name: 'src/app', own, sleep })
}

const sleep = async (): Promise<void> => {}

const openDestination = (name: string, origin = new URL(registry.url).origin) => {
  const own = authorizing(http, origin, undefined, `repository:${name}:pull,push`)
  const target = targetAt(http, origin, name, own)
  return registryDestination(target, delivering({ target }))
}

const isBlob = ({ url = '' }: IncomingMessage): boolean => url.includes('/blobs/')
const isToken = ({ url = '' }: IncomingMessage): boolean => url.startsWith('/token')

/** Habits by what they are called; each is made anew for a test. */
const GOOD: readonly (readonly [what: string, make: () => Habit])[] = [
  ['nothing special', () => () => false],
  [
    'a blob that breaks off, and goes on by a range',
    () => (request, response, body) => {
      if (!isBlob(request) || request.headers.range !== undefined || body!.length < 10) return false
      response.writeHead(200, { 'Content-Length': body!.length })
      response.write(body!.subarray(0, 5), () => response.destroy())
      return true
    },
  ],
  [
    'the same, of a registry that knows no ranges',
    () => {
      const broken = new Set<string>()
      return (request, response, body) => {
        if (!isBlob(request) || body!.length < 10) return false
        response.writeHead(200, { 'Content-Length': body!.length })
        if (broken.has(request.url!)) response.end(body)
        else response.write(body!.subarray(0, 5), () => response.destroy())
        broken.add(request.url!)
        return true
      }
    },
  ],
  [
    'blobs elsewhere, where no credentials are shown',
    () => (request, response, body) => {
      const { authorization, host } = request.headers
      if (host!.startsWith('localhost')) {
        response.writeHead(authorization === undefined ? 200 : 400).end(body)
        return true
      }
      if (authorization === undefined) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
        return true
      }
      if (!isBlob(request)) return false
      const elsewhere = `http://${host!.replace('127.0.0.1', 'localhost')}${request.url}`
      response.writeHead(307, { Location: elsewhere }).end()
      return true
    },
  ],
  [
    '429 with Retry-After, 500 and 503 in between',
    () => {
      const statuses = [429, 503, 500]
      return (_, response) => {
        const status = statuses.pop()
        if (status === undefined) return false
        response.writeHead(status, { 'Retry-After': '0' }).end()
        return true
      }
    },
  ],
  [
    'no referrers API, but the fallback tag',
    () => (request, response) => {
      if (!request.url!.includes('/referrers/')) return false
      response.writeHead(404).end()
      return true
    },
  ],
  [
    'tokens, which end meanwhile',
    () => {
      let valid = 0
      return (request, response) => {
        const { origin } = new URL(`http://${request.headers.host}`)
        if (isToken(request)) {
          valid += 1
          response.end(JSON.stringify({ token: `t${valid}`, expires_in: 300 }))
          return true
        }
        if (request.headers.authorization === `Bearer t${valid}` && !isBlob(request)) return false
        if (isBlob(request) && request.headers.authorization?.startsWith('Bearer t')) {
          if (Number(request.headers.authorization.slice(8)) > 1) return false
        }
        const challenge = `Bearer realm="${origin}/token",service="x"`
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
        return true
      }
    },
  ],
]

describe('comes whole from a registry with', () => {
  test.for(GOOD)('%s', async ([what, make], t) => {
    const here = empty()
    const { index, sbom } = addIndex(here, 'v1')
    for (const [digest, manifests] of here.referrers) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))
      const mediaType = 'application/vnd.oci.image.index.v1+json'
      here.manifests.set(`list of ${digest}`, { mediaType, bytes })
      here.tags.set(digest.replace(':', '-'), `list of ${digest}`)
    }
    const { origin } = await serve(t, here, make())
    const name = `from/${what.replaceAll(/\W+/g, '-').toLowerCase()}`
    await copyBetween(openOrigin(origin), openDestination(name), 'v1', { referrers: true })
    const there = openOrigin(origin)
    expect((await there.manifest('v1')).digest).toBe(index.digest)
    const listed = await registry.send(`GET /v2/${name}/referrers/${index.digest}`)
    expect(JSON.parse(listed.body.toString()).manifests[0].digest).toBe(sbom.digest)
  })
})

describe('is refused, with what is wrong, by', () => {
  const forbidden = JSON.stringify({ errors: [{ code: 'DENIED', message: 'not for you' }] })
  test.for<readonly [string, Habit, RegExp]>([
    [
      'a source that denies',
      (_, response) => {
        response.writeHead(403).end(forbidden)
        return true
      },
      /^v1 of source\/src\/app cannot be had: 403 DENIED: not for you$/,
    ],
    [
      'a source that wants a password',
      (_, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="x"' }).end()
        return true
      },
      /^v1 of source\/src\/app cannot be had: 401/,
    ],
    [
      'a blob that is longer than its manifest says',
      (request, response, body) => {
        if (!isBlob(request)) return false
        response.end(Buffer.concat([body!, Buffer.from('more')]))
        return true
      },
      /has more than \d+ bytes of the blob sha256:/,
    ],
    [
      'a blob that is shorter',
      (request, response, body) => {
        if (!isBlob(request)) return false
        response.end(body!.subarray(1))
        return true
      },
      /has \d+ of \d+ bytes of the blob sha256:/,
    ],
    [
      'redirects that lead in a circle',
      (request, response) => {
        if (!isBlob(request)) return false
        response.writeHead(307, { Location: request.url! }).end()
        return true
      },
      /redirects too often on the way to sha256:/,
    ],
    [
      'a manifest that is too large',
      (_, response) => {
        response.end(Buffer.alloc(9 * 1024 * 1024))
        return true
      },
      /is too large/,
    ],
  ])('%s', async ([what, habit, message], t) => {
    const here = empty()
    addIndex(here, 'v1')
    const { origin } = await serve(t, here, habit)
    const name = `refused/${what.replaceAll(/\W+/g, '-')}`
    const copied = copyBetween(openOrigin(origin), openDestination(name), 'v1')
    await expect(copied).rejects.toThrow(message)
    expect((await registry.send(`HEAD /v2/${name}/manifests/v1`)).status).toBe(404)
  })

  test.for<readonly [string, number, RegExp]>([
    ['a target that denies', 403, /403 DENIED: not for you$/],
    ['a target that knows nobody', 401, /: 401 DENIED: not for you$/],
    ['a target that takes no more', 413, /413 DENIED: not for you$/],
  ])('%s', async ([, status, message], t) => {
    const here = empty()
    addIndex(here, 'v1')
    const { origin } = await serve(t, empty(), (request, response) => {
      if (request.method === 'HEAD') return false
      response.writeHead(status).end(forbidden)
      return true
    })
    const copied = copyBetween(originOf(here), openDestination('to/app', origin), 'v1')
    await expect(copied).rejects.toThrow(message)
  })
})
