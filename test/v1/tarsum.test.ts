/**
 * Tarsums and the other sums of a layer, compared with those that docker 1.13.1 has sent, and with those of its own tests.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { measureLayer } from '../../functions/v1/layer.ts'
import { tarsum } from '../../functions/v1/tarsum.ts'
import { archive, type File } from './archive.ts'

const ID = (letter: string) => letter.repeat(64)
const JSON_A = `{"id":"${ID('a')}","created":"2015-05-20T19:51:23.8Z","container_config":{"Cmd":["x"]},"architecture":"amd64","os":"linux","Size":3}`
const JSON_B = `${JSON_A.replace(ID('a'), ID('b')).slice(0, -1)},"parent":"${ID('a')}"}`

const sumOf = (bytes: Uint8Array, json = '', piece = bytes.byteLength): string | undefined => {
  const sum = tarsum()
  for (let at = 0; at < bytes.byteLength; at += piece) sum.push(bytes.subarray(at, at + piece))
  return sum.finish(Buffer.from(json))
}

const measure = async (bytes: Uint8Array, json = '{}', piece = 1000) => {
  const chunks = function* () {
    for (let at = 0; at < bytes.byteLength; at += piece) yield bytes.subarray(at, at + piece)
  }
  const layer = measureLayer(chunks(), Buffer.from(json))
  const seen: Uint8Array[] = []
  for await (const chunk of layer.source) seen.push(chunk)
  expect(Buffer.concat(seen).equals(bytes)).toBe(true)
  return layer.sums()
}

const hex = (...bytes: (Uint8Array | string)[]) => {
  const hash = createHash('sha256')
  for (const each of bytes) hash.update(each)
  return hash.digest('hex')
}

describe('tarsums', () => {
  test.each([
    ['f0', JSON_A, 'fc11a1ede7cdf291c642b252b99d1fdb36e97f864b8e9633291923a9f22cc850'],
    ['f1', JSON_B, '5a45a7ed4c55632a0dc63ad4365d027d11ebbd6a9d3d5f0bcdb9f4083d66ad1a'],
  ])('of the layer with %s is what docker 1.13.1 has sent', (name, json, expected) => {
    const bytes = archive([{ name, content: 'hi\n' }])
    for (const piece of [1, 7, 512, 513, 10_000]) {
      expect(sumOf(bytes, json, piece)).toBe(`tarsum+sha256:${expected}`)
    }
  })

  test('does not depend on the order of files, nor on what follows the end', () => {
    const files: readonly File[] = [
      { name: 'b', content: 'x'.repeat(1500) },
      { name: 'a/', typeflag: '5' },
      { name: 'l', typeflag: '2', linkname: 'b' },
    ]
    const sum = sumOf(archive(files))
    expect(sumOf(archive(files.toReversed()))).toBe(sum)
    expect(sumOf(Buffer.concat([archive(files), Buffer.alloc(5000, 1)]))).toBe(sum)
    expect(sumOf(archive([...files, { name: 'c' }]))).not.toBe(sum)
    expect(sumOf(archive(files), 'x')).not.toBe(sum)
  })

  test('an archive of nothing has the sum of the JSON alone', () => {
    expect(sumOf(Buffer.alloc(1024), 'x')).toBe(`tarsum+sha256:${hex('x')}`)
  })

  test('names longer than a header are read from pax and GNU headers', () => {
    const name = `${'n'.repeat(150)}/${'é'}`
    const record = (text: string) => {
      const bytes = Buffer.byteLength(text) + 2
      const length = bytes + String(bytes + String(bytes).length).length
      return `${length} ${text}\n`
    }
    const long = { name: 'cut', content: 'x' }
    const pax = archive([
      { name: 'PaxHeaders', typeflag: 'x', content: record(`path=${name}`) },
      long,
    ])
    const gnu = archive([{ name: '././@LongLink', typeflag: 'L', content: `${name}\0` }, long])
    const whole = `name${name}mode420uid0gid0size1mtime0typeflag0linknameunamegnamedevmajor0devminor0x`
    const expected = `tarsum+sha256:${hex(hex(whole))}`
    expect([sumOf(pax), sumOf(gnu), sumOf(gnu, '', 3)]).toEqual([expected, expected, expected])
  })

  test('cannot be told where versions of docker differ', () => {
    for (const typeflag of ['\0', 'g', 'S']) {
      expect(sumOf(archive([{ name: 'a', typeflag }]))).toBeUndefined()
    }
    expect(sumOf(archive([{ name: './a/' }, { name: 'a' }]))).toBeUndefined()
  })

  const damaged = archive([{ name: 'a', content: 'x' }])
  damaged[0] = 0x62
  test.each([
    ['a sum that is wrong', damaged],
    ['text', Buffer.alloc(512, 'x')],
    ['a file that is cut', archive([{ name: 'a', content: 'x'.repeat(600) }]).subarray(0, 700)],
    ['a header that is cut', archive([{ name: 'a' }]).subarray(0, 300)],
    [
      'a name of 2 MiB',
      archive([{ name: 'x', typeflag: 'L', content: 'x'.repeat(2 * 1024 * 1024) }]),
    ],
    ['a damaged pax header', archive([{ name: 'x', typeflag: 'x', content: '99 path=x\n' }])],
  ])('there is none of %s', (_, bytes) => {
    expect(() => sumOf(bytes)).toThrow(/is not a tar archive/)
  })
})

describe('sums of a layer', () => {
  const plain = archive([{ name: 'a', content: 'x'.repeat(5000) }])

  test.each([
    ['as it is', plain, false],
    ['in gzip', gzipSync(plain), true],
    [
      'in gzip, in two members',
      Buffer.concat([gzipSync(plain.subarray(0, 700)), gzipSync(plain.subarray(700))]),
      true,
    ],
  ])('%s', async (_, bytes, isPacked) => {
    for (const piece of [1, 3, 1000, 100_000]) {
      expect(await measure(bytes, '{"id":1}', piece)).toEqual({
        diffId: `sha256:${hex(plain)}`,
        payload: `sha256:${hex('{"id":1}\n', bytes)}`,
        tarsum: sumOf(plain, '{"id":1}'),
        size: bytes.byteLength,
        isPacked,
      })
    }
  })

  test.each([
    ['nothing', Buffer.alloc(0), /is empty/],
    ['gzip that is cut', gzipSync(plain).subarray(0, 40), /is not in gzip/],
    [
      'gzip that is damaged',
      Buffer.concat([gzipSync(plain).subarray(0, 20), plain]),
      /is not in gzip/,
    ],
    ['gzip of text', gzipSync('x'.repeat(600)), /is not a tar archive/],
    ['bzip2', Buffer.from('BZh91AY&SY'), /bzip2/],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /xz/],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), /zstd/],
    ['a letter', Buffer.from('x'), /is not a tar archive/],
  ])('%s is refused', async (_, bytes, message) => {
    for (const piece of [1, 1000])
      await expect(measure(bytes, '{}', piece)).rejects.toThrow(message)
  })

  test('a source that fails, and a reader that goes, leave nothing open', async () => {
    const failing = async function* () {
      yield gzipSync(plain)
      throw new Error('gone')
    }
    const read = async () => {
      for await (const chunk of measureLayer(failing(), Buffer.from('{}')).source) void chunk
    }
    await expect(read()).rejects.toThrow('gone')
    const layer = measureLayer([gzipSync(plain), plain], Buffer.from('{}'))
    for await (const chunk of layer.source) {
      void chunk
      break
    }
    expect(() => layer.sums()).toThrow('not read to its end')
  })
})
