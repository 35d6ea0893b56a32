/**
 * The emulation of CloudFront refuses and forwards as the one it stands for. What each habit is called in
 * AWS's documents is beside it in the sources.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { originPolicyOf } from './policies.ts'
import { MAX_REQUEST, MAX_URL } from './refuse.ts'
import { ALL_BUT_HOST, DISABLED, start } from './rig.ts'

describe('refusals of its own', () => {
  const body = Buffer.from('x')
  const ROWS: readonly (readonly [
    string,
    string,
    Record<string, string>,
    Buffer | undefined,
    number,
  ])[] = [
    ['a GET with a body', 'GET /', { 'Content-Length': '1' }, body, 403],
    ['a POST with one', 'POST /', {}, body, 200],
    ['a URL too long', `GET /${'x'.repeat(MAX_URL)}`, {}, undefined, 414],
    ['a URL as long as may be', `GET /${'x'.repeat(MAX_URL - 1)}`, {}, undefined, 200],
    ['headers too long', 'GET /', { A: 'x'.repeat(MAX_REQUEST) }, undefined, 494],
    ['headers that fit', 'GET /', { A: 'x'.repeat(15_000) }, undefined, 200],
  ]
  test.each(ROWS)('%s', async (_, request, headers, sent, status) => {
    const { send, asked } = await start()
    expect((await send(request, headers, sent)).status).toBe(status)
    expect(asked()).toBe(status === 200 ? 1 : 0)
  })

  test('a method that the behaviour does not allow', async () => {
    const { send } = await start({ behaviour: { AllowedMethods: ['GET', 'HEAD'] } })
    expect((await send('PUT /', {}, body)).status).toBe(403)
  })

  test('an origin that takes too long', async () => {
    const origin = { CustomOriginConfig: { OriginReadTimeout: 0.05 } }
    const { send } = await start({ origin, delay: 2_000 })
    expect((await send('GET /')).status).toBe(504)
  })
})

describe('behaviours', () => {
  const only = (pattern: string) => ({
    PathPattern: pattern,
    TargetOriginId: 'two',
    CachePolicyId: DISABLED,
  })
  const ROWS: readonly (readonly [patterns: readonly string[], path: string, by: string])[] = [
    [['/v2/*/blobs/uploads/*'], '/v2/a/b/blobs/uploads/', 'two'],
    [['/v2/*/blobs/uploads/*'], '/v2/a/blobs/uploads/1?x=/v2/', 'two'],
    [['/v2/*/blobs/uploads/*'], '/v2/a/blobs/uploads', 'one'],
    [['/v2/*/blobs/uploads/*'], '/v2/blobs/uploads/', 'one'],
    [['/a?c'], '/abc', 'two'],
    [['/a?c'], '/ac', 'one'],
    [['/a.c'], '/abc', 'one'],
    [['/A'], '/a', 'one'],
    [['/docker/*'], '/v2/docker/x', 'one'],
    [['/x'], '/y?/x', 'one'],
    [['/v2/*/blobs/uploads/*'], '/v2/a/%62lobs/uploads/', 'two'],
    [['/v2/*/blobs/uploads/*'], '/v2/a/blobs%2Fuploads/', 'one'],
    [['/v2/*/blobs/uploads/*'], '/v2/a//blobs/uploads/', 'two'],
    [['/docker/*'], '/v2/../docker/x', 'two'],
    [['/docker/*'], '/docker/../x', 'one'],
  ]
  test.each(ROWS)('%s and %s', async (patterns, path, by) => {
    const { send, passed } = await start({ more: patterns.map(only) })
    await send(`GET ${path}`)
    expect(passed.map((each) => each.by)).toEqual([by])
  })

  test('the origin gets the path as it was sent', async () => {
    const matched = { ...only('/docker/*'), TargetOriginId: 'one' }
    const { told } = await start({ more: [matched] })
    expect((await told('GET /v2//%2e%2e/%64ocker/x')).url).toBe('/v2//%2e%2e/%64ocker/x')
  })

  test('the first that matches counts', async () => {
    const first = { ...only('/a*'), TargetOriginId: 'one', OriginRequestPolicyId: ALL_BUT_HOST }
    const { send, passed } = await start({ more: [first, only('/ab')] })
    await send('GET /ab')
    expect(passed.map((each) => each.by)).toEqual(['one'])
  })
})

describe('what goes to the origin', () => {
  test('its own name as Host, its custom headers over those of viewers, no Expect', async () => {
    const { told } = await start({
      origin: { OriginCustomHeaders: [{ HeaderName: 'X-Secret', HeaderValue: 'right' }] },
    })
    const sent = { 'X-Secret': 'wrong', Expect: '100-continue', A: 'b' }
    const { headers } = await told('PUT /', sent, Buffer.from('x'))
    expect(headers).toMatchObject({ host: 'origin.example', 'x-secret': 'right', a: 'b' })
    expect(headers).not.toHaveProperty('expect')
  })

  test("the viewer's address after what it says itself", async () => {
    const { told } = await start()
    const { headers } = await told('GET /', { 'X-Forwarded-For': '192.0.2.1' })
    expect(headers['x-forwarded-for']).toBe('192.0.2.1, 127.0.0.1')
  })

  test('a body whole, with its length or in chunks', async () => {
    const { told } = await start()
    const { headers, size } = await told('PATCH /', {}, Buffer.alloc(3_000_000))
    expect([headers['content-length'], size]).toEqual(['3000000', 3_000_000])
  })

  test('with all headers Authorization, with none neither that nor the User-Agent', async () => {
    const headers = { Authorization: 'Bearer x', 'User-Agent': 'docker/1', Range: 'bytes=0-1' }
    const all = await (await start()).told('GET /', headers)
    expect(all.headers).toMatchObject({ authorization: 'Bearer x', 'user-agent': 'docker/1' })
    const few = await start({ behaviour: { OriginRequestPolicyId: undefined } })
    const none = (await few.told('GET /?a=b', headers)) as typeof all
    expect(none.headers).not.toHaveProperty('authorization')
    expect(none.headers).toMatchObject({ 'user-agent': 'Amazon CloudFront', range: 'bytes=0-1' })
    expect(none.url).toBe('/')
  })

  test('Authorization by name is refused in an origin request policy', () => {
    const named = { HeaderBehavior: 'whitelist', Headers: ['Authorization'] }
    const config = {
      HeadersConfig: named,
      QueryStringsConfig: { QueryStringBehavior: 'none' },
      CookiesConfig: { CookieBehavior: 'none' },
    }
    const policy = { Properties: { OriginRequestPolicyConfig: config } }
    expect(() => originPolicyOf(policy)).toThrow('Authorization that is not allowed')
  })

  test("AWS's own policies keep response-content-type from buckets", async () => {
    const more = [
      {
        PathPattern: '/key',
        TargetOriginId: 'two',
        CachePolicyId: DISABLED,
        OriginRequestPolicyId: ALL_BUT_HOST,
      },
    ]
    const { told } = await start({ more })
    expect((await told('GET /key?a=b&response-content-type=c')).url).toBe('/key?a=b')
    expect((await told('GET /?response-content-type=c')).url).toBe('/?response-content-type=c')
  })

  test('the path after that of the origin', async () => {
    const { told } = await start({ origin: { OriginPath: '/bucket' } })
    expect((await told('GET /a%2Fb?c=d%2F')).url).toBe('/bucket/a%2Fb?c=d%2F')
  })
})
