import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type Algorithm, algorithms, checksumHeader, createDigest } from './checksums.ts'
import { clientOf, fetched, outcome, putUrl, raw } from './harness.ts'
import { type S3Server, startS3 } from './server.ts'

let server: S3Server
beforeAll(async () => {
  server = await startS3()
})
afterAll(() => server.close())

const exists = async (key: string): Promise<boolean> => {
  const [code] = await outcome(
    clientOf(server).send(new HeadObjectCommand({ Bucket: 'test', Key: key })),
  )
  assert.match(code, /^(ok|NotFound)$/)
  return code === 'ok'
}

/** Waits until the server has done with its last call. */
const settled = async (): Promise<void> => {
  while (server.counter.log.at(-1)?.end === Number.POSITIVE_INFINITY) await sleep(5)
}

const digestOf = (algorithm: Algorithm, body: string): string => {
  const digest = createDigest(algorithm)
  digest.update(Buffer.from(body))
  return digest.digest().toString('base64')
}

describe('digests of 123456789', () => {
  const rows: [Algorithm, hex: string][] = [
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ]
  for (const [algorithm, hex] of rows)
    test(algorithm, () => {
      const digest = createDigest(algorithm)
      digest.update(Buffer.from('1234'))
      digest.update(Buffer.from('56789'))
      assert.equal(digest.digest().toString('hex'), hex)
    })
})

describe('hashes the client sends', () => {
  const md5 = (body: string): string => createHash('md5').update(body).digest('base64')
  const hex = (body: string): string => createHash('sha256').update(body).digest('hex')
  type Row = [name: string, headers: Record<string, string>, expected: [string, number]]
  const rows: Row[] = [
    ['Content-MD5', { 'content-md5': md5('hello') }, ['ok', 200]],
    ['another Content-MD5', { 'content-md5': md5('hellO') }, ['BadDigest', 400]],
    ['a Content-MD5 of no MD5', { 'content-md5': 'aGVsbG8=' }, ['InvalidDigest', 400]],
    ['x-amz-content-sha256', { 'x-amz-content-sha256': hex('hello') }, ['ok', 200]],
    [
      'another x-amz-content-sha256',
      { 'x-amz-content-sha256': hex('hellO') },
      ['XAmzContentSHA256Mismatch', 400],
    ],
    ['UNSIGNED-PAYLOAD', { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, ['ok', 200]],
    ['no payload hash', { 'x-amz-content-sha256': 'hello' }, ['InvalidArgument', 400]],
    [
      'signed chunks',
      { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      ['NotImplemented', 501],
    ],
    ...algorithms.flatMap((algorithm): Row[] => {
      const name = checksumHeader(algorithm)
      return [
        [name, { [name]: digestOf(algorithm, 'hello') }, ['ok', 200]],
        [`another ${name}`, { [name]: digestOf(algorithm, 'hellO') }, ['BadDigest', 400]],
        [`${name} of another size`, { [name]: 'aGVsbG8hIQ==' }, ['InvalidRequest', 400]],
      ]
    }),
    [
      'two checksums',
      {
        'x-amz-checksum-crc32': digestOf('CRC32', 'hello'),
        'x-amz-checksum-sha1': digestOf('SHA1', 'hello'),
      },
      ['InvalidRequest', 400],
    ],
    [
      'an algorithm without its checksum',
      { 'x-amz-sdk-checksum-algorithm': 'SHA256' },
      ['InvalidRequest', 400],
    ],
  ]
  for (const [name, headers, expected] of rows)
    test(name, async () => {
      const key = `hash/${name}`
      const url = await putUrl(server, key, headers)
      assert.deepEqual(await fetched(url, { method: 'PUT', headers, body: 'hello' }), expected)
      assert.equal(await exists(key), expected[0] === 'ok')
    })

  test('a stored checksum is told when asked for', async () => {
    const client = clientOf(server, {}, { responseChecksumValidation: 'WHEN_REQUIRED' })
    const object = { Bucket: 'test', Key: 'told' }
    const ChecksumSHA256 = digestOf('SHA256', 'hello')
    const put = await client.send(
      new PutObjectCommand({ ...object, Body: 'hello', ChecksumSHA256 }),
    )
    assert.equal(put.ChecksumSHA256, ChecksumSHA256)
    const asked = await client.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }))
    assert.equal(asked.ChecksumSHA256, ChecksumSHA256)
    assert.equal(asked.ChecksumType, 'FULL_OBJECT')
    const plain = await client.send(new GetObjectCommand(object))
    assert.equal(plain.ChecksumSHA256, undefined)
    await plain.Body?.transformToString()
  })
})

describe('lengths', () => {
  test('a chunked transfer is not implemented', async () => {
    const result = await raw(await putUrl(server, 'chunked'), { method: 'PUT' }, (request) => {
      request.write('hello')
      request.end()
    })
    assert.deepEqual(result, ['NotImplemented', 501])
    assert.equal(await exists('chunked'), false)
  })

  test('more than 5 GiB is refused before the body', async () => {
    const headers = { 'content-length': 5 * 1024 ** 3 + 1 }
    const url = await putUrl(server, 'huge')
    const result = await raw(url, { method: 'PUT', headers }, (request) => request.flushHeaders())
    assert.deepEqual(result, ['EntityTooLarge', 400])
  })

  for (const size of [10, 3 * 1024 ** 2])
    test(`a connection cut at ${size} bytes stores nothing`, async () => {
      const request = httpRequest(await putUrl(server, 'cut'), {
        agent: false,
        method: 'PUT',
        headers: { 'content-length': size + 1 },
      })
      request.on('error', () => undefined)
      request.write(Buffer.alloc(size), () => request.destroy())
      await new Promise((resolve) => request.once('close', resolve))
      await settled()
      assert.equal(await exists('cut'), false)
    })

  test('a body that stalls is given up and stores nothing', async (t) => {
    // A server of its own: on a busy machine any body may stand still for as long.
    const impatient = await startS3({ patience: 300 })
    t.onTestFinished(() => impatient.close())
    const headers = { 'content-length': 10 }
    const url = await putUrl(impatient, 'stalled')
    const result = await raw(url, { method: 'PUT', headers }, (request) => request.write('hello'))
    assert.deepEqual(result, ['RequestTimeout', 400])
    assert.equal(impatient.objects.get('stalled'), undefined)
  })

  test('a client that expects to be asked is asked only for what is wanted', async () => {
    const headers = { 'content-length': 5, expect: '100-continue' }
    const asked = async (url: string): Promise<[boolean, number]> => {
      const request = httpRequest(url, { agent: false, method: 'PUT', headers })
      let invited = false
      request.once('continue', () => {
        invited = true
        request.end('hello')
      })
      request.flushHeaders()
      const [response] = await once(request, 'response')
      response.resume()
      request.destroy()
      return [invited, response.statusCode]
    }
    const url = await putUrl(server, 'expected')
    assert.deepEqual(await asked(url), [true, 200])
    assert.deepEqual(await asked(`${url}&more=1`), [false, 403])
  })
})

describe('aws-chunked', () => {
  const body = 'x'.repeat(9000)
  const crc = digestOf('CRC32', body)
  const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`
  const trailer = (value: string): string => `0\r\nx-amz-checksum-crc32:${value}\r\n\r\n`
  const small = chunk('x'.repeat(10)) + chunk('x'.repeat(8990))
  type Row = [name: string, sent: string, decoded: number | undefined, expected: [string, number]]
  const rows: Row[] = [
    ['good', chunk(body) + trailer(crc), 9000, ['ok', 200]],
    ['a wrong trailer', chunk(body) + trailer(digestOf('CRC32', 'y')), 9000, ['BadDigest', 400]],
    ['no trailer', `${chunk(body)}0\r\n\r\n`, 9000, ['MalformedTrailerError', 400]],
    ['a wrong decoded length', chunk(body) + trailer(crc), 9001, ['IncompleteBody', 400]],
    ['no decoded length', chunk(body) + trailer(crc), undefined, ['MissingContentLength', 411]],
    ['a line that is no size', `0x${chunk(body)}${trailer(crc)}`, 9000, ['IncompleteBody', 400]],
    ['no end of a chunk', `5\r\nhellohello\r\n0\r\n\r\n`, 5, ['IncompleteBody', 400]],
    [
      'a trailer of another form',
      chunk(body) + trailer(crc).replace('\r\n\r\n', '\r\nhello\r\n\r\n'),
      9000,
      ['MalformedTrailerError', 400],
    ],
    ['no last chunk', chunk(body), 9000, ['IncompleteBody', 400]],
    ['a small chunk before the last', small + trailer(crc), 9000, ['InvalidChunkSizeError', 403]],
  ]
  for (const [name, sent, decoded, expected] of rows)
    test(name, async () => {
      const key = `chunks/${name}`
      const headers = {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        ...(decoded === undefined ? {} : { 'x-amz-decoded-content-length': String(decoded) }),
      }
      const url = await putUrl(server, key, headers)
      assert.deepEqual(await fetched(url, { method: 'PUT', headers, body: sent }), expected)
      assert.equal(await exists(key), expected[0] === 'ok')
    })

  test("the SDK's own streams arrive", async () => {
    const client = clientOf(server, {}, { requestChecksumCalculation: 'WHEN_SUPPORTED' })
    const object = { Bucket: 'test', Key: 'stream' }
    await client.send(
      new PutObjectCommand({
        ...object,
        Body: Readable.from([Buffer.from(body), Buffer.from('end')]),
        ContentLength: 9003,
      }),
    )
    const got = await client.send(new GetObjectCommand(object))
    assert.equal(await got.Body?.transformToString(), `${body}end`)
    assert.equal(got.ChecksumCRC32, digestOf('CRC32', `${body}end`))
    assert.equal(got.ContentEncoding, undefined)
  })
})

test('a large body comes back byte for byte', async () => {
  const client = clientOf(server)
  const Body = Buffer.from(Uint32Array.from({ length: 1024 * 1024 }, (_, index) => index).buffer)
  const object = { Bucket: 'test', Key: 'large' }
  await client.send(new PutObjectCommand({ ...object, Body }))
  const whole = await client.send(new GetObjectCommand(object))
  assert.ok(Body.equals((await whole.Body?.transformToByteArray())!))
  const part = await client.send(new GetObjectCommand({ ...object, Range: 'bytes=99999-2000000' }))
  assert.ok(Body.subarray(99_999, 2_000_001).equals((await part.Body?.transformToByteArray())!))
})
