/**
 * How a blob comes to a registry: by the way that it offers, and only what it lacks.
 *
 * @module
 */

import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { bytesBlob } from '../../functions/transfer/blobs/blob.ts'
import { resumeIn } from '../../functions/transfer/blobs/resume.ts'
import { sendBlob } from '../../functions/transfer/blobs/send.ts'
import { begin, locationOf } from '../../functions/transfer/blobs/upload.ts'
import { createHttp } from '../../functions/transfer/registry/http.ts'
import { openTarget, parsePlace, type Target } from '../../functions/transfer/registry/target.ts'
import { blob } from '../support/hosts/content.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'

const MEBIBYTE = 1024 * 1024
const http = createHttp('slipway/test')
afterAll(() => http.close())

const blobOf = (seed: string, size: number) => {
  const { bytes, sha256 } = blob(seed, size)
  return bytesBlob(bytes, sha256)
}

const at = (url: string): Promise<Target> =>
  openTarget(http, url, { host: new URL(url).host, name: 'app' }, {}, ['other'])

describe('Slipway on S3', () => {
  let bucket: Awaited<ReturnType<typeof startBucket>>
  let server: Awaited<ReturnType<typeof startServer>>
  let target: Target
  beforeAll(async () => {
    bucket = await startBucket()
    const args = ['--listen=127.0.0.1:0', '--redirects=on', '--log-level=silent']
    server = await startServer(readSettings(args, bucket.env), bucket.env)
    target = await at(server.url)
  })
  afterAll(async () => {
    await server.stop()
    await bucket.server.close()
  })
  const counts = () => bucket.server.counter.counts as Readonly<Record<string, number>>

  test.each([
    ['a small one to the registry', 1000, 'whole', undefined],
    ['one that fits in a part', 3 * MEBIBYTE, 'parts', 1],
    ['a large one in several', 40 * MEBIBYTE, 'parts', 5],
  ])('%s', async (seed, size, way, parts) => {
    // What the service is tried with is not counted.
    await begin(target)
    bucket.server.counter.reset()
    let sent = 0
    const sending = { target, sent: (bytes: number) => (sent += bytes) }
    const content = blobOf(seed, size)
    expect(await sendBlob(sending, content)).toBe(way)
    expect(sent).toBe(size)
    expect(counts().UploadPart).toBe(parts)
    expect(await sendBlob(sending, content)).toBe('there')
  })

  test('URLs of parts are asked for together', async () => {
    let asked = 0
    const asking: Target = {
      ...target,
      send: (outgoing) => {
        if (outgoing.body instanceof Uint8Array && outgoing.method === 'POST') asked += 1
        return target.send(outgoing)
      },
    }
    const content = blobOf('asked for', 100 * MEBIBYTE)
    const gate = Promise.withResolvers<void>()
    let read = 0
    // All parts that are taken up at first have been read before any goes on.
    const together = {
      ...content,
      async read(start: number, end: number) {
        read += 1
        if (read === 12) gate.resolve()
        await gate.promise
        return content.read(start, end)
      },
    }
    expect(await sendBlob({ target: asking, sent: () => {} }, together)).toBe('parts')
    expect(asked).toBeLessThan(13)
  })

  test('a part that has to be sent again is counted once', async () => {
    let sent = 0
    let least = 0
    const sending = {
      target,
      sent: (bytes: number) => {
        sent += bytes
        least = Math.min(least, bytes)
      },
    }
    bucket.server.faults.next({ operation: 'UploadPart' }, { error: 'SlowDown' })
    const content = blobOf('counted once', 3 * MEBIBYTE)
    expect(await sendBlob(sending, content)).toBe('parts')
    expect(sent).toBe(content.size)
    expect(least).toBeLessThan(0)
  })

  test('one that another repository has is mounted', async () => {
    const content = blobOf('mounted', 1000)
    const other = await openTarget(http, server.url, { host: '', name: 'other' }, {})
    await sendBlob({ target: other, sent: () => {} }, content)
    expect(await sendBlob({ target, mountFrom: 'other', sent: () => {} }, content)).toBe('mounted')
  })

  test('an upload that was broken off goes on with what is missing', async () => {
    const { path, remove } = await temporaryDirectory()
    const resume = resumeIn(path)
    const content = blobOf('broken off', 40 * MEBIBYTE)
    const partSize = 16 * MEBIBYTE
    const first = await content.read(0, partSize)
    const location = locationOf(target, await begin(target))
    const wanted = { number: 1, sha256: hash('sha256', first) }
    const body = { digest: content.digest, size: content.size, partSize, parts: [wanted] }
    const asked = await target.send({
      method: 'POST',
      url: location,
      body: Buffer.from(JSON.stringify(body)),
    })
    const [{ url, headers }] = JSON.parse(asked.body.toString()).parts
    await http.send({ method: 'PUT', url, headers, body: first })
    await resume.remember(target, content.digest, {
      location: locationOf(target, asked, location),
      partSize,
    })
    bucket.server.counter.reset()
    let sent = 0
    const sending = { target, resume, sent: (bytes: number) => (sent += bytes) }
    expect(await sendBlob(sending, content)).toBe('parts')
    expect(counts()).toMatchObject({ UploadPart: 2 })
    expect(counts().CreateMultipartUpload).toBeUndefined()
    expect(sent).toBe(content.size)
    expect(await resume.recall(target, content.digest)).toBeUndefined()
    await remove()
  })

  test('a part that the store fails to take is sent again', async () => {
    bucket.server.faults.next({ operation: 'UploadPart' }, { error: 'SlowDown' })
    const content = blobOf('again', 3 * MEBIBYTE)
    expect(await sendBlob({ target, sent: () => {} }, content)).toBe('parts')
  })

  test('bytes that are not what their digest says are refused', async () => {
    const { bytes } = blob('other bytes', 3 * MEBIBYTE)
    const lying = bytesBlob(bytes, blob('what it says', 3 * MEBIBYTE).sha256)
    await expect(sendBlob({ target, sent: () => {} }, lying)).rejects.toThrow(
      /not what its digest says/,
    )
    expect(await target.has(lying.digest)).toBe(false)
  })
})

test.each([
  ['registry.example/app', { host: 'registry.example', name: 'app', tag: undefined }],
  ['127.0.0.1:5000/a/b:v1', { host: '127.0.0.1:5000', name: 'a/b', tag: 'v1' }],
  ['[::1]:5000/a:1.0', { host: '[::1]:5000', name: 'a', tag: '1.0' }],
])('%s is a target', (text, place) => {
  expect(parsePlace(text)).toEqual(place)
})

test.each([
  'app',
  'registry.example',
  'registry.example/',
  'h/App',
  'h/a:',
  'h/a@sha256:0',
  'h/a:-x',
])('%s is none', (text) => {
  expect(() => parsePlace(text)).toThrow(/is not a target/)
})
