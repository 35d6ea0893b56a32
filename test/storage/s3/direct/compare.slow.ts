/**
 * The direct client compared with the SDK, for each of its operations: the same requests, except for
 * what the SDK says about itself, and the same results. If an upgraded SDK sends or signs differently,
 * these tests fail.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { describe, expect, type TestContext, test } from 'vitest'
import { inBatches } from '../../../../functions/shared/parallel.ts'
import { StoreError, type StoreFailure } from '../../../../functions/storage/errors.ts'
import {
  createS3Store,
  type S3Store,
  type S3StoreOptions,
} from '../../../../functions/storage/s3/store.ts'
import type {
  ByteRange,
  ListOptions,
  ObjectRead,
  PutOptions,
} from '../../../../functions/storage/store.ts'
import type { Fault } from '../../../emulators/s3/faults.ts'
import { type S3Server, startS3 } from '../../../emulators/s3/server.ts'
import { bytes, drain } from '../../contract/harness.ts'
import { type Recorded, type Recorder, startRecorder } from './recorder.ts'

const OWNER = '012345678901'
const LARGE = 200_000
const WRONG = { accessKeyId: 'id', secretAccessKey: 'wrong' }

/** Characters that paths, queries and signatures could encode in more than one way. */
const KEYS = [
  'a',
  'a/b.c-d_e~f',
  "a b+c!'()*~,;=@:&$",
  'catalog/team/app!',
  '%41%2F%zz',
  'a//b/',
  '/a',
  'x?y#z',
  '..',
  'a/./b',
  '\\"<>^`{|}',
  'é/ü/漢/\u{1f600}',
  'e\u0301',
  '\t\n',
  'k'.repeat(900),
]

const RANGES: readonly (ByteRange | undefined)[] = [
  undefined,
  { start: 0 },
  { start: 3 },
  { start: 2, end: 5 },
  { start: 8, end: 100 },
  { suffix: 3 },
  { suffix: 100 },
]

const LISTS: readonly (readonly [prefix: string, options: ListOptions])[] = [
  ['', {}],
  ['', { limit: 3 }],
  ['', { delimiter: '/' }],
  ['a', {}],
  ['a/', { delimiter: '/' }],
  ["a b+c!'()*~,;=@:&$", {}],
  ['', { startAfter: "a b+c!'()*~,;=@:&$", limit: 2 }],
  ['', { startAfter: '%41', delimiter: '/', limit: 2 }],
  ['é/', { startAfter: 'é/ü', delimiter: '/' }],
  ['\u{1f600}', {}],
  ['none/', { delimiter: '/' }],
]

interface Rig {
  readonly s3: S3Server
  readonly recorder: Recorder
  readonly direct: S3Store
  readonly sdk: S3Store
}

/** Both stores on one server, with the same prefix; all that they send is recorded. */
const openBoth = async (t: TestContext, options: Partial<S3StoreOptions> = {}): Promise<Rig> => {
  const s3 = await startS3()
  t.onTestFinished(() => s3.close())
  const recorder = await startRecorder(t, s3.endpoint)
  const { region, bucket, accessKeyId, secretAccessKey } = s3
  const open = (direct: boolean): S3Store =>
    createS3Store({
      bucket,
      region,
      endpoint: recorder.endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      prefix: 'some/registry',
      expectedBucketOwner: OWNER,
      ...options,
      direct,
    })
  return { s3, recorder, direct: open(true), sdk: open(false) }
}

/** What the SDK says about itself in headers and queries, and S3 ignores. */
const OF_THE_SDK = /^(?:user-agent|x-amz-user-agent|amz-sdk-.*|x-id)$/
/** What differs from one request to the next. */
const OF_THE_MOMENT = /^(?:authorization|x-amz-date|x-amz-signature)$/

/** What is another one for each write. */
const OF_A_WRITE = /^x-amz-meta-slipway-write$/

/** The scope of a signature, without the day on which it was made. */
const onAnyDay = (text = ''): string => text.replace(/\/\d{8}\//, '/<day>/')

const without = (pattern: RegExp, names: readonly string[]): string[] =>
  names.filter((name) => !pattern.test(name)).toSorted()

/** The parameters of a query, still encoded. */
const parametersOf = (query = ''): string[] =>
  query.split('&').filter((each) => {
    const name = each.split('=')[0]!.toLowerCase()
    return each !== '' && !OF_THE_SDK.test(name) && !OF_THE_MOMENT.test(name)
  })

/** All of a request that matters to S3. */
const essence = ({ method, target, headers }: Recorded) => {
  const [path, query] = target.split('?')
  const { authorization = '' } = headers
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const scope = onAnyDay(/Credential=([^,]+)/.exec(authorization)?.[1])
  const sent = without(OF_THE_SDK, Object.keys(headers)).filter((name) => !OF_THE_MOMENT.test(name))
  return {
    method,
    path,
    parameters: parametersOf(query).toSorted(),
    headers: Object.fromEntries(
      sent.map((name) => [name, OF_A_WRITE.test(name) ? '' : headers[name]]),
    ),
    scope,
    signed: without(OF_THE_SDK, signed),
  }
}

const isOfTheSdk = ({ headers }: Recorded): boolean => headers['user-agent'] !== undefined

/** All of a presigned URL except what depends on the time. */
const signedParts = (url: string) => {
  const [address, query] = url.split('?')
  return {
    address,
    parameters: parametersOf(query)
      .map((each) => onAnyDay(decodeURIComponent(each.replaceAll('+', ' '))))
      .toSorted(),
  }
}

/** The response to whoever holds the URL. */
const served = async (url: string, method: string) => {
  const response = await fetch(url, { method })
  const { 'content-type': type, 'content-length': length } = Object.fromEntries(response.headers)
  return { status: response.status, type, length, text: await response.text() }
}

/** Runs one call on each store and compares what they send; each sends one request. */
const onBoth = async <T>(rig: Rig, call: (store: S3Store) => Promise<T>): Promise<T> => {
  const { recorder, direct, sdk } = rig
  recorder.take()
  const result = await call(direct)
  const [first, ...more] = recorder.take()
  expect(more).toEqual([])
  expect(isOfTheSdk(first!), 'the direct client sent it').toBe(false)
  const expected = await call(sdk)
  const [second, ...others] = recorder.take()
  expect(others).toEqual([])
  expect(isOfTheSdk(second!), 'the SDK sent it').toBe(true)
  expect(essence(first!)).toEqual(essence(second!))
  expect(essence(first!).headers['x-amz-expected-bucket-owner']).toBe(OWNER)
  expect(result).toEqual(expected)
  return result
}

const readOf = async (read: ObjectRead | undefined) =>
  read && { info: read.info, start: read.start, end: read.end, bytes: await drain(read) }

/** How a call that must fail fails. */
const failureOf = async (call: Promise<unknown>): Promise<{ kind: string; message: string }> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof StoreError) return { kind: error.failure, message: error.message }
  throw new Error('it did not fail as a store fails', { cause: error })
}

describe('with the SDK and without, the same', () => {
  test('objects and ranges of them, whatever the key', async (t) => {
    const rig = await openBoth(t)
    for (const key of KEYS) {
      const none = await onBoth(rig, async (store) => readOf(await store.get(key)))
      expect(none).toBeUndefined()
      expect(await onBoth(rig, (store) => store.head(key))).toBeUndefined()
      await rig.sdk.put(key, bytes(`0123456789 ${key}`), { metadata: { kind: 'x y' } })
      for (const range of RANGES) {
        const read = await onBoth(rig, async (store) => readOf(await store.get(key, range)))
        expect(read?.info.metadata).toEqual({ kind: 'x y' })
      }
      expect((await onBoth(rig, (store) => store.head(key)))?.metadata).toEqual({ kind: 'x y' })
    }
  })

  test('objects that come as streams, and empty ones', async (t) => {
    const rig = await openBoth(t)
    await rig.sdk.put('large', new Uint8Array(LARGE).fill(7))
    await rig.sdk.put('empty', new Uint8Array())
    const read = await onBoth(rig, async (store) => readOf(await store.get('large')))
    expect(read?.bytes.length).toBe(LARGE)
    await onBoth(rig, async (store) => readOf(await store.get('large', { start: 100_000 })))
    await onBoth(rig, async (store) => readOf(await store.get('empty')))
    expect((await onBoth(rig, (store) => store.head('large')))?.size).toBe(LARGE)
    expect((await onBoth(rig, (store) => store.head('empty')))?.size).toBe(0)
  })

  test('writes, whatever the key', async (t) => {
    const rig = await openBoth(t, { kmsKeyId: 'the-key' })
    // It is found out once.
    for (const store of [rig.direct, rig.sdk]) await store.deletesExactly()
    const metadata = { kind: 'x y', 'of-what': "a!'()*" }
    for (const key of KEYS) {
      const body = bytes(`0123456789 ${key}`)
      const sha256 = hash('sha256', body)
      const { etag } = await onBoth(rig, (store) => store.put(key, body))
      await onBoth(rig, (store) => store.put(key, body, { metadata, sha256, inTime: () => true }))
      // The same bytes have the same version.
      await onBoth(rig, (store) => store.put(key, body, { condition: { ifMatch: etag }, metadata }))
      for (const condition of [{ ifNoneMatch: '*' }, { ifMatch: 'other' }] as const) {
        const why = await onBoth(rig, (store) => failureOf(store.put(key, body, { condition })))
        expect(why.kind).toBe('precondition')
      }
    }
    for (const key of KEYS) {
      const changed = await onBoth(rig, (store) => failureOf(store.deleteIf(key, 'other')))
      expect(changed.kind).toBe('precondition')
      const { etag } = await rig.sdk.put(key, bytes('again'))
      await rig.direct.deleteIf(key, etag)
      expect(await rig.sdk.head(key)).toBeUndefined()
      await onBoth(rig, (store) => store.delete([key]))
    }
    await onBoth(rig, (store) => store.put('empty', new Uint8Array()))
    await onBoth(rig, (store) => store.put('large', new Uint8Array(LARGE).fill(7)))
  })

  test('pages of keys', async (t) => {
    const rig = await openBoth(t)
    for (const key of KEYS) await rig.sdk.put(key, bytes(key))
    for (const [prefix, options] of LISTS) {
      await onBoth(rig, (store) => store.list(prefix, options))
    }
  })

  test('a page of 1000 keys and prefixes', async (t) => {
    const rig = await openBoth(t)
    const keys = Array.from({ length: 1001 }, (_, at) => `t/${at}${at % 2 === 0 ? '/x' : ''}`)
    await inBatches(keys, (key) => rig.sdk.put(key, bytes('')), 32)
    const page = await onBoth(rig, (store) => store.list('t/', { delimiter: '/' }))
    expect([page.objects.length + page.prefixes.length, page.truncated]).toEqual([1000, true])
  })

  test('presigned URLs and what they serve', async (t) => {
    const rig = await openBoth(t)
    for (const key of KEYS) {
      await rig.sdk.put(key, bytes('0123456789'))
      for (const method of ['GET', 'HEAD'] as const) {
        for (const contentType of [undefined, 'application/vnd.oci.image.index.v1+json; a="b"']) {
          const options = { expiresIn: 900, ...(contentType === undefined ? {} : { contentType }) }
          const urls = [rig.direct, rig.sdk].map((store) => store.presign(method, key, options))
          const [direct, sdk] = await Promise.all(urls)
          expect(signedParts(direct!)).toEqual(signedParts(sdk!))
          expect(signedParts(direct!).parameters).toContain(`x-amz-expected-bucket-owner=${OWNER}`)
          // If fetch normalizes the URL, it sends another request.
          if (new URL(direct!).href !== direct) continue
          const [first, second] = await Promise.all([served(direct!, method), served(sdk!, method)])
          expect(first).toEqual(second)
          expect(first.status).toBe(200)
        }
      }
    }
  })

  const regions = [
    ...['eu-west-1', 'us-east-1', 'ap-southeast-7', 'mx-central-1', 'il-central-1', 'cn-north-1'],
    ...['us-gov-west-1', 'us-iso-east-1', 'eusc-de-east-1'],
  ]
  const endpoints = [
    undefined,
    'http://s3.example:9000',
    'https://s3.example/under/it',
    'http://127.0.0.1:9000',
    'http://[::1]:9000/x/',
  ]
  const buckets = ['box', 'box.with.dots', 'a-b-1', 'box-s3alias', 'box--table-s3', 'Box_1']
  test.each(regions)('addresses, in the path and in the host, in %s', async (region) => {
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 't/+=' }
    for (const endpoint of endpoints) {
      for (const forcePathStyle of [false, true]) {
        for (const dualstack of endpoint === undefined ? [false, true] : [false]) {
          for (const bucket of buckets) {
            const options = { bucket, region, endpoint, forcePathStyle, dualstack, credentials }
            const urls = [
              { direct: false },
              { direct: true },
              { direct: true, plainAddress: true },
            ].map((more) =>
              createS3Store({ ...options, ...more })
                .presign('GET', 'a b', { expiresIn: 60 })
                .then(signedParts, (error: Error) => error.message),
            )
            const [sdk, direct, plain] = await Promise.all(urls)
            const what = JSON.stringify([endpoint, forcePathStyle, dualstack, bucket])
            expect(direct, what).toEqual(sdk)
            expect(plain, what).toEqual(sdk)
          }
        }
      }
    }
  })

  const passing: readonly (readonly [string, Fault, number])[] = [
    ['an error once', { error: 'InternalError' }, 1],
    ['slowing down', { error: 'SlowDown' }, 2],
    ['a connection that ends', { drop: 'before' }, 1],
    ['a body that ends early', { cutAfter: 5 }, 1],
  ]
  test.each(passing)('results after %s', async (_, fault, times) => {
    const s3 = await startS3()
    try {
      const { endpoint, region, bucket } = s3
      const options = { endpoint, region, bucket, credentials: s3, forcePathStyle: true }
      const direct = createS3Store(options)
      const sdk = createS3Store({ ...options, direct: false })
      const { etag } = await sdk.put('a', bytes('0123456789'))
      const calls: readonly ((store: S3Store) => Promise<unknown>)[] = [
        async (store) => readOf(await store.get('a')),
        async (store) => readOf(await store.get('none')),
        (store) => store.list(''),
        (store) => store.head('a'),
        (store) => store.head('none'),
        (store) => store.put('a', bytes('0123456789')),
        (store) => store.put('a', bytes('0123456789'), { condition: { ifMatch: etag } }),
      ]
      for (const call of calls) {
        s3.faults.next({}, fault, times)
        const result = await call(direct)
        s3.faults.clear()
        s3.faults.next({}, fault, times)
        expect(result).toEqual(await call(sdk))
        s3.faults.clear()
      }
    } finally {
      await s3.close()
    }
  })

  const put = (store: S3Store, options: PutOptions = {}, key = 'a') =>
    store.put(key, bytes('0123456789'), options)
  const create = (store: S3Store) => put(store, { condition: { ifNoneMatch: '*' } }, 'new')
  const refusals: readonly (readonly [
    name: string,
    kind: StoreFailure,
    options: Partial<S3StoreOptions>,
    call: (store: S3Store) => Promise<unknown>,
  ])[] = [
    ['no such bucket', 'unavailable', { bucket: 'other' }, (store) => store.get('a')],
    ['no such bucket to list', 'unavailable', { bucket: 'other' }, (store) => store.list('')],
    ['a wrong secret', 'unavailable', { credentials: WRONG }, (store) => store.get('a')],
    ['a wrong secret to list', 'unavailable', { credentials: WRONG }, (store) => store.list('')],
    ['a wrong secret to head', 'unavailable', { credentials: WRONG }, (store) => store.head('a')],
    ['no such bucket to write', 'unavailable', { bucket: 'other' }, put],
    ['a wrong secret to write', 'unavailable', { credentials: WRONG }, put],
    ['a wrong secret to create', 'unavailable', { credentials: WRONG }, create],
    ['no such bucket to create in', 'unavailable', { bucket: 'other' }, create],
    ['another version', 'precondition', {}, (s) => put(s, { condition: { ifMatch: 'x' } })],
    ['no such object', 'precondition', {}, (s) => put(s, { condition: { ifMatch: 'x' } }, 'none')],
    ['another version to delete', 'precondition', {}, (store) => store.deleteIf('a', 'x')],
    ['no such object to delete', 'precondition', {}, (store) => store.deleteIf('none', 'x')],
    ['other bytes', 'checksum', {}, (store) => put(store, { sha256: hash('sha256', 'other') })],
    ['too late', 'late', {}, (store) => put(store, { inTime: () => false })],
    ['a range past the end', 'range', {}, (store) => store.get('a', { start: 10 })],
    ['a range of nothing', 'range', {}, (store) => store.get('a', { suffix: 0 })],
  ]
  test.each(refusals)('failure: %s', async (_name, kind, options, call) => {
    const s3 = await startS3()
    try {
      const { endpoint, region, bucket } = s3
      const usual = { endpoint, region, bucket, credentials: s3, forcePathStyle: true }
      await createS3Store(usual).put('a', bytes('0123456789'))
      const [direct, sdk] = await Promise.all(
        [true, false].map((each) =>
          failureOf(call(createS3Store({ ...usual, ...options, direct: each }))),
        ),
      )
      expect(direct).toEqual(sdk)
      expect(direct?.kind).toBe(kind)
    } finally {
      await s3.close()
    }
  })
})
