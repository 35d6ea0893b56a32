import assert from 'node:assert/strict'
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { clientOf, fetched, outcome, type SdkRequest, type Tampering } from './harness.ts'
import { type S3Server, startS3 } from './server.ts'

let server: S3Server
const KEY = "a//b/../ü (1)!*'&+=?#.txt"
const object = { Bucket: 'test', Key: KEY }
// `fetch` folds the `..` of the other key away.
const plain = { Bucket: 'test', Key: KEY.replace('../', '') }

beforeAll(async () => {
  server = await startS3({ buckets: ['test', 'other'] })
  for (const target of [object, plain])
    await clientOf(server).send(new PutObjectCommand({ ...target, Body: 'hello' }))
})
afterAll(() => server.close())

const minutes = (count: number): number => count * 60_000
const authorization = (from: RegExp | string, to: string) => (request: SdkRequest) => {
  const changed = request.headers.authorization!.replace(from, to)
  assert.notEqual(changed, request.headers.authorization)
  request.headers.authorization = changed
}
const set = (name: string, value: string) => (request: SdkRequest) => {
  request.headers[name] = value
}
const drop = (name: string) => (request: SdkRequest) => {
  assert.ok(request.headers[name] !== undefined)
  delete request.headers[name]
}

describe('signature in the header', () => {
  type Row = [
    name: string,
    tampering: Tampering,
    expected: [string, number],
    config?: (own: S3Server) => S3ClientConfig,
  ]
  const rows: Row[] = [
    ['a good one', {}, ['ok', 200]],
    [
      'a wrong secret',
      {},
      ['SignatureDoesNotMatch', 403],
      ({ accessKeyId }) => ({ credentials: { accessKeyId, secretAccessKey: 'wrong' } }),
    ],
    [
      'an unknown key',
      {},
      ['InvalidAccessKeyId', 403],
      ({ secretAccessKey }) => ({ credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey } }),
    ],
    [
      'a session token',
      {},
      ['InvalidToken', 400],
      ({ accessKeyId, secretAccessKey }) => ({
        credentials: { accessKeyId, secretAccessKey, sessionToken: 'token' },
      }),
    ],
    [
      'another region',
      {},
      ['AuthorizationHeaderMalformed', 400],
      () => ({ region: 'eu-central-1' }),
    ],
    ['a clock 14 minutes late', {}, ['ok', 200], () => ({ systemClockOffset: minutes(-14) })],
    [
      'a clock 16 minutes late',
      {},
      ['RequestTimeTooSkewed', 403],
      () => ({ systemClockOffset: minutes(-16) }),
    ],
    [
      'a clock 16 minutes early',
      {},
      ['RequestTimeTooSkewed', 403],
      () => ({ systemClockOffset: minutes(16) }),
    ],
    ['no authorization', { after: drop('authorization') }, ['AccessDenied', 403]],
    ['another scheme', { after: set('authorization', 'Bearer token') }, ['InvalidArgument', 400]],
    ['signature version 2', { after: set('authorization', 'AWS a:b') }, ['InvalidRequest', 400]],
    [
      'no signature in the header',
      { after: authorization(/, Signature=.*/, '') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    [
      'another service',
      { after: authorization('/s3/', '/ec2/') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    [
      'another day in the scope',
      { after: authorization(/\/\d{8}\//, '/20010101/') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    [
      'a scope cut short',
      { after: authorization('/aws4_request', '') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    [
      'a scope with more to it',
      { after: authorization('/aws4_request', '/aws4_request/x') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    [
      'another end of the scope',
      { after: authorization('/aws4_request', '/aws5_request') },
      ['AuthorizationHeaderMalformed', 400],
    ],
    ['no date', { after: drop('x-amz-date') }, ['AccessDenied', 403]],
    ['no payload hash', { after: drop('x-amz-content-sha256') }, ['InvalidRequest', 400]],
    [
      'another signed header value',
      { before: set('x-amz-meta-a', 'b'), after: set('x-amz-meta-a', 'c') },
      ['SignatureDoesNotMatch', 403],
    ],
    [
      'a signed header left out',
      { before: set('x-amz-meta-a', ''), after: drop('x-amz-meta-a') },
      ['SignatureDoesNotMatch', 403],
    ],
    ['an unsigned x-amz header', { after: set('x-amz-meta-a', 'b') }, ['AccessDenied', 403]],
    ['a host that is not signed', { after: authorization('host;', '') }, ['AccessDenied', 403]],
    [
      'another key',
      {
        after: (request) => {
          request.path += 'x'
        },
      },
      ['SignatureDoesNotMatch', 403],
    ],
    [
      'a query added',
      {
        after: (request) => {
          request.query['response-content-type'] = 'text/html'
        },
      },
      ['SignatureDoesNotMatch', 403],
    ],
    [
      'a query signed',
      { before: (request) => Object.assign(request.query, { a: 'b c+d' }) },
      ['ok', 200],
    ],
    ['spaces within a value', { before: set('x-amz-meta-a', ' b   c ') }, ['ok', 200]],
  ]
  for (const [name, tampering, expected, config] of rows)
    test(name, async () => {
      const client = clientOf(server, tampering, config?.(server))
      assert.deepEqual(await outcome(client.send(new GetObjectCommand(object))), expected)
    })
})

describe('signature in the query', () => {
  const get = (options: Parameters<typeof getSignedUrl>[2] = {}, tampering: Tampering = {}) =>
    getSignedUrl(clientOf(server, tampering), new GetObjectCommand(plain), options)
  const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000)
  const replaced = async (from: string | RegExp, to: string): Promise<string> => {
    const url = await get()
    const changed = url.replace(from, to)
    assert.notEqual(changed, url)
    return changed
  }

  type Row = [
    name: string,
    url: () => Promise<string>,
    expected: [string, number],
    init?: RequestInit,
  ]
  const rows: Row[] = [
    ['a good one', () => get(), ['ok', 200]],
    ['a range, unsigned', () => get(), ['ok', 206], { headers: { range: 'bytes=0-1' } }],
    ['HEAD on a URL for GET', () => get(), ['', 403], { method: 'HEAD' }],
    ['DELETE on a URL for GET', () => get(), ['SignatureDoesNotMatch', 403], { method: 'DELETE' }],
    ['still valid', () => get({ signingDate: ago(50), expiresIn: 60 }), ['ok', 200]],
    ['expired', () => get({ signingDate: ago(61), expiresIn: 60 }), ['AccessDenied', 403]],
    ['not valid yet', () => get({ signingDate: ago(-minutes(16) / 1000) }), ['AccessDenied', 403]],
    [
      'too long a life',
      () => replaced('X-Amz-Expires=900', 'X-Amz-Expires=604801'),
      ['AuthorizationQueryParametersError', 400],
    ],
    ['the longest life', () => get({ expiresIn: 604_800 }), ['ok', 200]],
    [
      'a negative life',
      () => replaced('X-Amz-Expires=900', 'X-Amz-Expires=-1'),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'a life that is no number',
      () => replaced('X-Amz-Expires=900', 'X-Amz-Expires=soon'),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'a longer life than signed',
      () => replaced('X-Amz-Expires=900', 'X-Amz-Expires=901'),
      ['SignatureDoesNotMatch', 403],
    ],
    ['a query added', () => get().then((url) => `${url}&digest=x`), ['SignatureDoesNotMatch', 403]],
    [
      'no life',
      () => replaced('&X-Amz-Expires=900', ''),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'no credential',
      () => replaced(/&X-Amz-Credential=[^&]*/, ''),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'a date of another form',
      () => replaced(/X-Amz-Date=\d{8}T/, 'X-Amz-Date='),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'another algorithm',
      () => replaced('X-Amz-Algorithm=AWS4-HMAC-SHA256', 'X-Amz-Algorithm=AWS4-HMAC-SHA512'),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'another region',
      () => replaced('us-east-1', 'us-west-1'),
      ['AuthorizationQueryParametersError', 400],
    ],
    [
      'a tampered signature',
      () => replaced(/.{4}(?=&x-id)/, '0000'),
      ['SignatureDoesNotMatch', 403],
    ],
    [
      'two mechanisms',
      () => get(),
      ['InvalidArgument', 400],
      { headers: { authorization: 'Basic YTpi' } },
    ],
    [
      'an unsigned x-amz header',
      () => get(),
      ['AccessDenied', 403],
      { headers: { 'x-amz-meta-a': 'b' } },
    ],
    [
      'a signed header left out',
      () =>
        get(
          { unhoistableHeaders: new Set(['x-amz-meta-a']) },
          { before: set('x-amz-meta-a', 'b') },
        ),
      ['SignatureDoesNotMatch', 403],
    ],
  ]
  for (const [name, url, expected, init] of rows)
    test(name, async () => assert.deepEqual(await fetched(await url(), init), expected))

  test('HEAD on a URL for HEAD', async () => {
    const url = await getSignedUrl(clientOf(server), new HeadObjectCommand(plain))
    const response = await fetch(url, { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-length'), '5')
  })

  test('an error is XML and carries the request id of its header', async () => {
    const response = await fetch(`${server.endpoint}/test/x`)
    const body = await response.text()
    assert.match(body, /^<\?xml .*<Error><Code>AccessDenied<\/Code>/s)
    assert.match(body, new RegExp(`<RequestId>${response.headers.get('x-amz-request-id')}<`))
  })
})
