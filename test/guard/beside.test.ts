/**
 * What cannot be run, whatever it says of itself.
 *
 * @module
 */

import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { isUnpackable } from '../../functions/guard/beside.ts'

/** A header of tar with a name and no zeros in it: also the beginning of JSON. */
const headerOf = (name: string): Buffer => {
  const head = Buffer.alloc(512, ' ')
  head.write(name, 0, 'latin1')
  head.fill(' ', 148, 156)
  const sum = head.reduce((all, byte) => all + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')} `, 148, 'latin1')
  return head
}

const TAR = headerOf('{"critical":"')

test.each([
  ['a tar that looks like JSON', TAR],
  ['one that has more behind it', Buffer.concat([TAR, Buffer.alloc(100, 'x')])],
  ['one with bytes above 127', headerOf('\xff\xfe')],
  ['an empty tar', Buffer.alloc(1024)],
  ['gzip', gzipSync('x')],
  ['zstd', zstdCompressSync('x')],
  ['a frame that zstd skips', Buffer.from('50 2a 4d 18'.replaceAll(' ', ''), 'hex')],
  ['bzip2', Buffer.from('BZh91AY')],
  ['xz', Buffer.from('fd377a585a000004', 'hex')],
])('%s can be unpacked', (_, bytes) => {
  expect(isUnpackable(bytes.subarray(0, 512))).toBe(true)
})

test.each([
  ['a signature', Buffer.from('{"critical":{}}')],
  ['long JSON', Buffer.from(JSON.stringify({ a: 'b'.repeat(1000) }))],
  ['JSON with numbers at the place of the sum', Buffer.from(`{"a":"${'1'.repeat(600)}"}`)],
  ['nothing', Buffer.alloc(0)],
])('%s cannot', (_, bytes) => {
  expect(isUnpackable(bytes.subarray(0, 512))).toBe(false)
})
