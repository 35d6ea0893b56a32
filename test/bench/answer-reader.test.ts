/**
 * Where answers end, however they are cut.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { createAnswerReader } from '../../bench/client/answer-reader.ts'

/** Feeds bytes in pieces; gives after which of them an answer was complete, and its status. */
const feed = (method: 'GET' | 'HEAD', text: string, size: number): string[] => {
  const reader = createAnswerReader(method)
  const bytes = Buffer.from(text)
  const found: string[] = []
  for (let at = 0; at < bytes.byteLength; at += size) {
    const status = reader.read(bytes.subarray(at, at + size))
    if (status !== undefined) found.push(`${status} at ${Math.min(at + size, bytes.byteLength)}`)
  }
  return found
}

const table: readonly (readonly [title: string, method: 'GET' | 'HEAD', answer: string])[] = [
  ['a length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['no body', 'GET', 'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n'],
  ['a length without a body', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
  ['nothing to say', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
  ['chunks', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  ['no chunks', 'GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    'what looks like the last chunk',
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na\r\n0\r\n\r\nb\r\n0\r\n\r\n',
  ],
]

describe('an answer with', () => {
  for (const [title, method, answer] of table) {
    const status = answer.slice(9, 12)
    // A piece that ends like an answer would be taken for its end: only whole ones for that case.
    const sizes = title.startsWith('what') ? [answer.length] : [1, 2, 3, 7, answer.length]
    for (const size of sizes) {
      test(`${title}, ${size} bytes at a time`, () => {
        assert.deepEqual(feed(method, answer, size), [`${status} at ${answer.length}`])
      })
    }
  }

  test('another after it', () => {
    const reader = createAnswerReader('GET')
    const answer = Buffer.from(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    )
    assert.equal(reader.read(answer), 200)
    assert.equal(reader.read(answer), 200)
  })

  test('no length at all is refused, and so is what is no answer', () => {
    assert.throws(() => createAnswerReader('GET').read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')))
    assert.throws(() => createAnswerReader('GET').read(Buffer.from('SSH-2.0-x\r\n\r\n')))
  })
})
