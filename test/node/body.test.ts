import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'vitest'
import { RequestError } from '../../functions/api/errors.ts'
import { bodyOf } from '../../functions/node/body.ts'

/** A stream of chunks that comes one by one, each in memory of its own. */
const streamOf = (...chunks: Uint8Array[]): Readable =>
  Readable.from(chunks, { objectMode: true, highWaterMark: 1 })

const OPTIONS = { patience: 60_000, cause: () => new RequestError('CLIENT_GONE', 'gone') }

const chunkOf = (text: string): Uint8Array => new TextEncoder().encode(text).slice()

describe('the body of a request', () => {
  it('has all bytes in order, each chunk whole until the next is asked for', async () => {
    const seen: string[] = []
    for await (const chunk of bodyOf(
      streamOf(chunkOf('one'), chunkOf('two'), chunkOf('three')),
      OPTIONS,
    )) {
      await new Promise(setImmediate)
      seen.push(new TextDecoder().decode(chunk))
    }
    assert.deepEqual(seen, ['one', 'two', 'three'])
  })

  it('gives the memory of a chunk back after that', async () => {
    const chunks = [chunkOf('one'), chunkOf('two')]
    const body = bodyOf(streamOf(...chunks), OPTIONS)
    await body.next()
    assert.deepEqual(
      chunks.map(({ byteLength }) => byteLength),
      [3, 3],
    )
    await body.next()
    assert.deepEqual(
      chunks.map(({ byteLength }) => byteLength),
      [0, 3],
    )
    await body.next()
    assert.deepEqual(
      chunks.map(({ byteLength }) => byteLength),
      [0, 0],
    )
  })

  it('leaves memory alone that others share', async () => {
    const shared = chunkOf('one two')
    const chunks = [shared.subarray(0, 3), shared.subarray(3)]
    for await (const chunk of bodyOf(streamOf(...chunks), OPTIONS))
      assert.notEqual(chunk.byteLength, 0)
    assert.equal(new TextDecoder().decode(shared), 'one two')
  })

  it('does not destroy the request where reading stops early', async () => {
    const incoming = streamOf(chunkOf('one'), chunkOf('two'))
    for await (const _ of bodyOf(incoming, OPTIONS)) break
    assert.equal(incoming.destroyed, false)
  })
})
