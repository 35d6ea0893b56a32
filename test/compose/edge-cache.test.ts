/**
 * The list of public repositories at CloudFront: what is sent to the key-value store and to the distribution.
 *
 * @module
 */

import { createPublicKey, hash, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openEdgeCache } from '../../functions/compose/aws/edge-cache.ts'
import { signingKey, signV4a } from '../../functions/compose/aws/sign-v4a.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const PLACE = {
  keyValueStore: 'arn:aws:cloudfront::123456789012:key-value-store/a1b2',
  distribution: 'E2QWRUHAPOMQZL',
}
const STORE = `/key-value-stores/${encodeURIComponent(PLACE.keyValueStore)}`

interface Asked {
  readonly url: URL
  readonly method: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** A list that is answered for by the requests that it should get. */
const open = (answers: readonly Response[]) => {
  const asked: Asked[] = []
  const left = [...answers]
  const send = (async (url: string | URL, init: RequestInit) => {
    const { method = '', headers, body = '' } = init
    asked.push({
      url: new URL(url),
      method,
      headers: headers as Record<string, string>,
      body: String(body),
    })
    return left.shift() ?? new Response('', { status: 500 })
  }) as typeof fetch
  const credentials = async () => CREDENTIALS
  const cache = openEdgeCache(PLACE, { send, credentials, now: () => new Date(0) })
  return { cache, asked }
}
const versioned = (version: string) => new Response('{}', { headers: { ETag: version } })

describe('Signature Version 4A', () => {
  test('the key is the one that AWS derives', () => {
    // The public half as in the tests of AWS's own signers, for the credentials of their documents.
    const { x, y } = createPublicKey(signingKey(CREDENTIALS)).export({ format: 'jwk' })
    expect([x, y].map((each) => Buffer.from(each ?? '', 'base64url').toString('hex'))).toEqual([
      'b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1',
      '865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518',
    ])
  })

  test('a request is signed as AWS reads it', () => {
    const url = new URL(`https://a.example${STORE}/keys?MaxResults=50&NextToken=a%2Fb%2B`)
    const request = { method: 'GET', url, headers: {}, body: '' } as const
    const headers = signV4a(request, 'service', { ...CREDENTIALS, sessionToken: 't' }, new Date(0))
    const { authorization = '' } = headers
    expect(authorization).toMatch(
      /^AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE\/19700101\/service\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token, Signature=/,
    )
    const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    const canonical = [
      'GET',
      '/key-value-stores/arn%253Aaws%253Acloudfront%253A%253A123456789012%253Akey-value-store%252Fa1b2/keys',
      'MaxResults=50&NextToken=a%2Fb%2B',
      'host:a.example',
      `x-amz-content-sha256:${nothing}`,
      'x-amz-date:19700101T000000Z',
      'x-amz-region-set:*',
      'x-amz-security-token:t',
      '',
      'host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token',
      nothing,
    ].join('\n')
    const signed = `AWS4-ECDSA-P256-SHA256\n19700101T000000Z\n19700101/service/aws4_request\n${hash('sha256', canonical)}`
    const signature = Buffer.from(authorization.replace(/.*Signature=/, ''), 'hex')
    const key = createPublicKey(signingKey(CREDENTIALS))
    expect(verify('sha256', Buffer.from(signed), key, signature)).toBe(true)
  })
})

describe('the list', () => {
  test('is read page by page', async () => {
    const { cache, asked } = open([
      Response.json({ Items: [{ Key: 'a', Value: '1' }], NextToken: 'n/x' }),
      Response.json({ Items: [{ Key: 'b/**', Value: '2' }] }),
    ])
    expect(Object.fromEntries(await cache.list())).toEqual({ a: '1', 'b/**': '2' })
    expect(asked.map(({ url, method }) => `${method} ${url}`)).toEqual([
      `GET https://123456789012.cloudfront-kvs.global.api.aws${STORE}/keys?MaxResults=50`,
      `GET https://123456789012.cloudfront-kvs.global.api.aws${STORE}/keys?MaxResults=50&NextToken=n%2Fx`,
    ])
  })

  test('is changed by at most 50 at once, each on the version that the last one left', async () => {
    const { cache, asked } = open(['1', '2', '3'].map(versioned))
    const add = new Map(Array.from({ length: 50 }, (_, at) => [`a${at}`, 'v'] as const))
    await cache.change(['gone'], add)
    expect(asked.map(({ method, headers }) => [method, headers['if-match']])).toEqual([
      ['GET', undefined],
      ['POST', '1'],
      ['POST', '2'],
    ])
    const [first, second] = asked.slice(1).map(({ body }) => JSON.parse(body))
    expect(first.Deletes).toEqual([{ Key: 'gone' }])
    expect([first.Puts.length, second.Puts.length]).toEqual([49, 1])
    expect(second).toEqual({ Deletes: [], Puts: [{ Key: 'a49', Value: 'v' }] })
  })

  test('nothing to change is nothing to ask', async () => {
    const { cache, asked } = open([])
    await cache.change([], new Map())
    await cache.invalidate([])
    expect(asked).toEqual([])
  })

  test.each([
    [['/v2/a/*'], 1, '<Path>/v2/a/*</Path>'],
    [Array.from({ length: 16 }, (_, at) => `/v2/${at}/*`), 1, '<Path>/v2/*</Path>'],
  ])('an invalidation of %j', async (paths, quantity, path) => {
    const { cache, asked } = open([new Response('', { status: 201 })])
    await cache.invalidate(paths)
    const [{ url, body, headers } = asked[0]!] = asked
    expect(String(url)).toBe(
      'https://cloudfront.amazonaws.com/2020-05-31/distribution/E2QWRUHAPOMQZL/invalidation',
    )
    expect(body).toContain(`<Quantity>${quantity}</Quantity><Items>${path}</Items>`)
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/19700101\/us-east-1\/cloudfront\/aws4_request/,
    )
  })

  test('a refusal says whose, and why', async () => {
    const { cache } = open([new Response('{"Message":"not yours"}', { status: 403 })])
    await expect(cache.list()).rejects.toMatchObject({
      name: 'EdgeCacheError',
      status: 403,
      message: expect.stringMatching(/key-value-store\/a1b2 answered 403: .*not yours/),
    })
  })
})
