/**
 * Amazon ECR as an upstream: tokens by IAM, for as long as they are good.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { ecrUsers } from '../../functions/compose/aws/ecr-users.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import type { EcrUser } from '../../functions/upstreams/ecr.ts'
import { ecrRegionOf } from '../../functions/upstreams/ecr.ts'
import { parseUpstreams } from '../../functions/upstreams/parse.ts'
import { CONFIG, IMAGE, routeTo, serve, sha256 } from './upstream.ts'

const HOST = '123456789012.dkr.ecr.eu-central-1.amazonaws.com'
const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret' })

test.each([
  [HOST, 'eu-central-1'],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['public.ecr.aws', undefined],
  ['123456789012.dkr.ecr.eu-central-1.amazonaws.com.example', undefined],
  ['a.dkr.ecr.eu-central-1.amazonaws.com', undefined],
])('%s is in %s', (host, region) => {
  expect(ecrRegionOf(host)).toBe(region)
})

test('only a host of ECR has credentials by IAM', () => {
  const parse = (host: string) => {
    const upstreams = [{ name: 'a', host, prefix: 'a', credentials: 'iam' }]
    return parseUpstreams(JSON.stringify({ version: 1, upstreams }))
  }
  expect(parse(HOST)).toMatchObject([{ credentials: 'iam' }])
  expect(() => parse('ghcr.io')).toThrow(/credentials: only ECR gives tokens by IAM/)
})

describe('a token', () => {
  const ask = (answer: object, status = 200) => {
    const sent: { readonly url: string; readonly headers: Record<string, string> }[] = []
    const send: typeof fetch = async (url, init) => {
      sent.push({ url: `${url}`, headers: init?.headers as Record<string, string> })
      return new Response(JSON.stringify(answer), { status })
    }
    return { sent, user: ecrUsers({ credentials, send })('eu-central-1') }
  }

  test('is asked for with a signature, and is good until shortly before its end', async () => {
    const authorizationToken = Buffer.from('AWS:a:b').toString('base64')
    const { sent, user } = ask({ authorizationData: [{ authorizationToken, expiresAt: 1e6 }] })
    expect(await user).toEqual({
      user: { name: 'AWS', password: 'a:b' },
      until: 1e9 - 600_000,
    })
    const [{ url, headers } = { url: '', headers: {} as Record<string, string> }] = sent
    expect(url).toBe('https://api.ecr.eu-central-1.amazonaws.com/')
    expect(headers['x-amz-target']).toMatch(/\.GetAuthorizationToken$/)
    expect(headers.authorization).toMatch(/\/eu-central-1\/ecr\/aws4_request/)
  })

  test.each<[object, number, RegExp]>([
    [{ authorizationData: [] }, 200, /gives no token/],
    [{ authorizationData: [{ authorizationToken: 'x', expiresAt: 1 }] }, 200, /gives no token/],
    [{ __type: 'AccessDeniedException' }, 400, /responded 400: .*AccessDenied/],
  ])('%o is none', async (answer, status, message) => {
    await expect(ask(answer, status).user).rejects.toThrow(message)
  })
})

test('one is used for all repositories until it ends, and then another', async () => {
  const shown: (string | undefined)[] = []
  const upstream = await serve(({ url = '', headers }, response) => {
    if (headers.authorization === undefined) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="ecr"' }).end()
    }
    shown.push(Buffer.from(headers.authorization.replace('Basic ', ''), 'base64').toString())
    const bytes = url.includes('manifests') ? IMAGE : CONFIG
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })
  let now = 0
  const given: EcrUser[] = []
  const askAt = createAsking({
    readSecret: async () => '',
    now: () => now,
    ecrUsers: async (region) => {
      const password = `${region}${given.length + 1}`
      given.push({ user: { name: 'AWS', password }, until: now + 1000 })
      return given.at(-1)!
    },
  })
  const route = routeTo(upstream.origin, { host: HOST, credentials: 'iam' })
  const digest = sha256(IMAGE)
  const pull = async (repository: string) => {
    await askAt({ ...route, repository }).repository.manifest({ digest })
  }
  await pull('a')
  await pull('a')
  await pull('b')
  now = 1000
  await pull('a')
  const [first, second] = ['AWS:eu-central-11', 'AWS:eu-central-12']
  expect(shown).toEqual([first, first, first, second])
})

test('where there is none, the upstream is away', async () => {
  const askAt = createAsking({
    readSecret: async () => '',
    ecrUsers: async () => {
      throw new Error('AccessDeniedException')
    },
  })
  const route = routeTo('http://127.0.0.1:1', { host: HOST, credentials: 'iam' })
  const asking = askAt(route).repository.manifest({ tag: 'v1' })
  await expect(asking).rejects.toMatchObject({ failure: 'away' })
})
