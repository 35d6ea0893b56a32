/**
 * The emulation of CloudFront keeps what the one it stands for keeps.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { type Answers, start } from './rig.ts'

const cachePolicy = (headers: readonly string[] = [], query: readonly string[] = []) => ({
  Cached: {
    Type: 'AWS::CloudFront::CachePolicy',
    Properties: {
      CachePolicyConfig: {
        MinTTL: 0,
        DefaultTTL: 60,
        MaxTTL: 3600,
        ParametersInCacheKeyAndForwardedToOrigin: {
          HeadersConfig: headers.length
            ? { HeaderBehavior: 'whitelist', Headers: headers }
            : { HeaderBehavior: 'none' },
          QueryStringsConfig: query.length
            ? { QueryStringBehavior: 'whitelist', QueryStrings: query }
            : { QueryStringBehavior: 'none' },
          CookiesConfig: { CookieBehavior: 'none' },
        },
      },
    },
  },
})
const CACHED = { CachePolicyId: { Ref: 'Cached' }, OriginRequestPolicyId: undefined }

describe('the cache', () => {
  const counting = (headers: object, status = 200): Answers => {
    let count = 0
    return () => {
      count += 1
      return [status, headers, String(count)]
    }
  }
  const cached = (answers: Answers, headers: readonly string[] = [], query: string[] = []) => {
    let time = 0
    const wait = (seconds: number) => {
      time += seconds * 1000
    }
    const wishes = { behaviour: CACHED, resources: cachePolicy(headers, query), answers }
    return start({ ...wishes, now: () => time }).then((edge) => ({ ...edge, wait }))
  }
  const bodyOf = async (answer: Promise<{ body: Buffer }>) => (await answer).body.toString()

  const AGES: readonly (readonly [string | undefined, seconds: number, kept: boolean])[] = [
    [undefined, 59, true],
    [undefined, 61, false],
    ['max-age=5', 4, true],
    ['max-age=5', 6, false],
    ['max-age=5, s-maxage=100', 99, true],
    ['max-age=9999999', 3_599, true],
    ['max-age=9999999', 3_601, false],
    ['no-store', 0, false],
    ['private, max-age=5', 0, false],
  ]
  test.each(AGES)('Cache-Control %s after %s s', async (value, seconds, kept) => {
    const { send, wait } = await cached(counting(value ? { 'Cache-Control': value } : {}))
    await send('GET /')
    wait(seconds)
    expect(await bodyOf(send('GET /'))).toBe(kept ? '1' : '2')
  })

  test('whoever asks gets it, unless Authorization is in the key: then by its value', async () => {
    const anyone = await cached(counting({}))
    await anyone.send('GET /', { Authorization: 'alice' })
    expect(await bodyOf(anyone.send('GET /'))).toBe('1')
    const each = await cached(counting({}), ['Authorization'])
    await each.send('GET /', { Authorization: 'alice' })
    expect(await bodyOf(each.send('GET /', { Authorization: 'alice' }))).toBe('1')
    expect(await bodyOf(each.send('GET /', { Authorization: 'bob' }))).toBe('2')
    expect(await bodyOf(each.send('GET /'))).toBe('3')
  })

  test('parameters outside the key make no difference', async () => {
    const { send } = await cached(counting({}), [], ['a'])
    await send('GET /?a=1&b=1')
    expect(await bodyOf(send('GET /?a=1&b=2'))).toBe('1')
    expect(await bodyOf(send('GET /?a=2&b=1'))).toBe('2')
  })

  test('a HEAD is answered from a GET, a PUT never', async () => {
    const { send, asked } = await cached(counting({}))
    await send('GET /')
    await send('HEAD /')
    expect(asked()).toBe(1)
    await send('PUT /', {}, Buffer.from('x'))
    expect(asked()).toBe(2)
  })

  test('a redirect is kept only where it says so', async () => {
    const silent = await cached(counting({}, 307))
    await silent.send('GET /')
    expect(await bodyOf(silent.send('GET /'))).toBe('2')
    const said = await cached(counting({ 'Cache-Control': 'max-age=9' }, 307))
    await said.send('GET /')
    expect(await bodyOf(said.send('GET /'))).toBe('1')
  })

  test.each([
    [404, [], 9, '1'],
    [404, [], 11, '2'],
    [503, [], 9, '1'],
    [401, [], 0, '2'],
    [404, [{ ErrorCode: 404, ErrorCachingMinTTL: 0 }], 0, '2'],
  ])(
    'the error %s is kept for ten seconds even where nothing is',
    async (status, errors, seconds, body) => {
      let time = 0
      const { send } = await start({ answers: counting({}, status), errors, now: () => time })
      await send('GET /')
      time = seconds * 1000
      expect(await bodyOf(send('GET /'))).toBe(body)
    },
  )

  test.each([
    [[], 'bytes=1-2', 206, 'el', 'bytes 1-2/5', 2],
    [['GET /'], 'bytes=1-2', 206, 'el', 'bytes 1-2/5', 1],
    [['GET /'], 'bytes=-2', 206, 'lo', 'bytes 3-4/5', 1],
    [['GET /'], 'bytes=3-', 206, 'lo', 'bytes 3-4/5', 1],
    [['GET /'], 'bytes=3-99', 206, 'lo', 'bytes 3-4/5', 1],
    [['GET /'], 'bytes=5-', 416, '', 'bytes */5', 1],
    [['GET /'], 'bytes=0-0,2-2', 200, 'hello', null, 1],
  ] as const)('after %j, Range %s', async (before, range, status, body, content, asked) => {
    const answers: Answers = ({ headers }) =>
      headers.range === undefined
        ? [200, {}, 'hello']
        : [206, { 'Content-Range': 'bytes 1-2/5' }, 'el']
    const { send, asked: count } = await cached(answers)
    for (const each of before) await send(each)
    const part = await send('GET /', { Range: range })
    expect([part.status, part.body.toString()]).toEqual([status, body])
    expect(part.headers.get('Content-Range')).toBe(content)
    // A part is not kept for the whole.
    expect(await bodyOf(send('GET /'))).toBe('hello')
    expect(count()).toBe(asked)
  })

  test('an invalidation', async () => {
    const { send, cache } = await cached(counting({}))
    await send('GET /a/b')
    cache.invalidate(['/a'])
    expect(await bodyOf(send('GET /a/b'))).toBe('1')
    cache.invalidate(['/a/*'])
    expect(await bodyOf(send('GET /a/b'))).toBe('2')
  })
})
