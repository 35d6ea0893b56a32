/**
 * Issuers that are found by their name alone: what is fetched, what is refused, and what is remembered.
 *
 * @module
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseIssuers, trustedIssuer } from '../../functions/auth/issuers/document.ts'
import { configurationUrl } from '../../functions/auth/trusted-keys/discovery.ts'
import { ec, jwkOf } from './tokens-forge.ts'

const MINUTE = 60_000
const PATH = '/.well-known/openid-configuration'
const KEYS = { keys: [jwkOf(ec(), { kid: 'one' })] }

let origin = ''
let asked: string[] = []
let time = 0
/** Responses by path: JSON, or how to respond. */
let pages: Record<string, object | RequestListener> = {}
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  const page = pages[request.url ?? '']
  if (typeof page === 'function') {
    page(request, response)
    return
  }
  response.statusCode = page === undefined ? 404 : 200
  response.end(JSON.stringify(page ?? {}))
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = []
  time = Date.UTC(2026, 5, 1)
  pages = { [PATH]: { issuer: origin, jwks_uri: `${origin}/keys` }, '/keys': KEYS }
})

const open = async (entry: object = {}) => {
  const document = { version: 1, issuers: [{ issuer: origin, privateAddresses: true, ...entry }] }
  const [parsed] = await parseIssuers(JSON.stringify(document))
  return (await trustedIssuer(parsed!, 'slipway', () => time)).source
}

const causeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'UNAVAILABLE' })
  return String((error as Error).cause)
}

test('its keys are at the place that its configuration names', async () => {
  const source = await open()
  expect(asked).toEqual([])
  expect(await source.keys()).toHaveLength(1)
  expect(asked).toEqual([PATH, '/keys'])
})

test.each([
  ['https://issuer.example', 'https://issuer.example/.well-known/openid-configuration'],
  ['https://issuer.example/', 'https://issuer.example/.well-known/openid-configuration'],
  ['https://issuer.example/id/A1', 'https://issuer.example/id/A1/.well-known/openid-configuration'],
  ['http://localhost:1/x/', 'http://localhost:1/x/.well-known/openid-configuration'],
])('the configuration of %s is at %s', (issuer, url) => {
  expect(configurationUrl(issuer).href).toBe(url)
})

test.each([
  ['http://issuer.example', 'must be https'],
  ['auth.example', 'must be https'],
  ['https://issuer.example?tenant=1', 'neither a query nor a fragment'],
  ['https://issuer.example#x', 'neither a query nor a fragment'],
])('%s is not discovered', (issuer, message) => {
  expect(() => configurationUrl(issuer)).toThrow(message)
})

test('the place is asked for again after an hour, the keys after ten minutes', async () => {
  const source = await open()
  for (let minute = 0; minute <= 60; minute += 15) {
    await source.keys()
    time += 15 * MINUTE
  }
  expect(asked.filter((path) => path === PATH)).toHaveLength(2)
  expect(asked.filter((path) => path === '/keys')).toHaveLength(5)
})

test('keys that moved are found', async () => {
  const source = await open()
  await source.keys()
  pages = { [PATH]: { issuer: origin, jwks_uri: `${origin}/new` }, '/new': KEYS }
  time += 61 * MINUTE
  await source.keys()
  expect(asked.at(-1)).toBe('/new')
})

describe('an issuer is unavailable', () => {
  test.each<[string, () => void, string]>([
    [
      'whose configuration is of another',
      () => {
        pages[PATH] = { issuer: 'https://evil.example', jwks_uri: `${origin}/keys` }
      },
      'https://evil.example',
    ],
    [
      'whose name the configuration writes in another way',
      () => {
        pages[PATH] = { issuer: `${origin}/`, jwks_uri: `${origin}/keys` }
      },
      'is of the issuer',
    ],
    [
      'that redirects',
      () => {
        pages[PATH] = (_, response) => {
          response.writeHead(302, { location: `${origin}/other` }).end()
        }
        pages['/other'] = { issuer: origin, jwks_uri: `${origin}/keys` }
      },
      'the response was 302',
    ],
    [
      'whose keys redirect',
      () => {
        pages['/keys'] = (_, response) => {
          response.writeHead(307, { location: `${origin}/other` }).end()
        }
        pages['/other'] = KEYS
      },
      'the response was 307',
    ],
    [
      'whose keys are without TLS elsewhere',
      () => {
        pages[PATH] = { issuer: origin, jwks_uri: 'http://keys.example/' }
      },
      'must be https',
    ],
    [
      'without a place for keys',
      () => {
        pages[PATH] = { issuer: origin }
      },
      'jwks_uri',
    ],
    [
      'whose configuration is endless',
      () => {
        pages[PATH] = (_, response) => {
          response.end('x'.repeat(300 * 1024))
        }
      },
      'more than 262144 bytes',
    ],
    [
      'whose configuration is not JSON',
      () => {
        pages[PATH] = (_, response) => {
          response.end('<html>')
        }
      },
      'SyntaxError',
    ],
  ])('%s', async (_, change, message) => {
    change()
    const source = await open()
    expect(await causeOf(source.keys())).toContain(message)
    expect(asked).not.toContain('/other')
  })

  test('with a private address, unless it is allowed', async () => {
    const source = await open({ privateAddresses: undefined })
    expect(await causeOf(source.keys())).toContain('private address')
    expect(asked).toEqual([])
  })
})

test('while it does not respond, what was fetched serves for an hour', async () => {
  const source = await open()
  await source.keys()
  pages = {}
  time += 59 * MINUTE
  expect(await source.keys()).toHaveLength(1)
  time += 2 * MINUTE
  expect(await causeOf(source.keys())).toContain('404')
})

test.each([
  [{ jwksUrl: 'https://a.example/', jwks: { keys: [] } }, 'takes one of'],
  [{ ca: '' }, 'ca'],
  [{ privateAddresses: 'yes' }, 'privateAddresses'],
])('a document with %j is refused', async (entry, message) => {
  const text = JSON.stringify({ version: 1, issuers: [{ issuer: 'https://a.example', ...entry }] })
  await expect(parseIssuers(text)).rejects.toThrow(message)
})
