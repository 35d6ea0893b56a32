/**
 * Layers of archives as `docker save` wrote them before 25, and `podman save` does: those that are not
 * compressed are, the same each time.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { type Blob, fileBlob } from '../blobs/blob.ts'
import { gzipTo } from '../blobs/gzip.ts'
import type { Layer } from './files.ts'
import type { Keep } from './tar.ts'
import { keepAsItIs } from './tar.ts'

/** The first two bytes, and all of them. */
const peek = async (
  bytes: AsyncIterable<Buffer>,
): Promise<{ readonly head: Buffer; readonly all: AsyncIterable<Buffer> }> => {
  const iterator = bytes[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  let ended = false
  while (head.length < 2 && !ended) {
    const { done, value } = await iterator.next()
    if (done) ended = true
    else head = Buffer.concat([head, value])
  }
  const all = async function* () {
    if (head.length > 0) yield head
    if (!ended) yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head, all: all() }
}

/** Writes bytes to a file, and computes their digest. */
const hashTo = async (path: string, bytes: AsyncIterable<Buffer>): Promise<Blob> => {
  const hash = createHash('sha256')
  let size = 0
  async function* counted() {
    for await (const chunk of bytes) {
      hash.update(chunk)
      size += chunk.length
      yield chunk
    }
  }
  await pipeline(counted, createWriteStream(path))
  return fileBlob(path, `sha256:${hash.digest('hex')}`, size)
}

/** Makes a layer of bytes that may be compressed. @param path of the file that it is written to */
export const makeLayer = async (path: string, bytes: AsyncIterable<Buffer>): Promise<Layer> => {
  const { head, all } = await peek(bytes)
  const isGzip = head.length > 1 && head.readUInt16BE() === 0x1f8b
  if (isGzip) return hashTo(path, all)
  const { digest, size, diffId } = await gzipTo(path, all)
  return { ...fileBlob(path, digest, size), diffId }
}

/** Bytes below which a blob of a layout may be a manifest; it is sent when it is asked for. */
const SMALL = 1024 * 1024

/**
 * Keeps an archive's files, and tells of each layer as soon as it can be sent: others are still to come.
 *
 * @param found is told of it
 */
export const keepAndTell =
  (found: (blob: Blob) => void): Keep =>
  async (name, bytes, path) => {
    if (/\.tar(?:\.gz)?$/.test(name)) {
      const blob = await makeLayer(path, bytes)
      found(blob)
      return { path, size: blob.size, blob }
    }
    const kept = await keepAsItIs(name, bytes, path)
    const [, hex] = name.match(/^blobs\/sha256\/([0-9a-f]{64})$/) ?? []
    if (hex && kept.size >= SMALL) found(fileBlob(path, `sha256:${hex}`, kept.size))
    return kept
  }
