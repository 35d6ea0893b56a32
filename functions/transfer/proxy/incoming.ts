/**
 * Bodies that clients push to the proxy: kept in files until their digest is known, in bounded memory.
 *
 * @module
 */

import { createHash, type Hash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Blob, fileBlob } from '../blobs/blob.ts'

/** An upload from a client. */
export interface Incoming {
  readonly id: string
  readonly name: string
  /** Bytes so far. */
  readonly size: number
  /** Adds bytes at the end. */
  add(source: Readable): Promise<void>
  /** All bytes, if their digest is this one; undefined otherwise. */
  finish(digest: string): Blob | undefined
  discard(): Promise<void>
}

const digestOf = (hashes: Readonly<Record<string, Hash>>, digest: string): string => {
  const [algorithm = ''] = digest.split(':')
  return `${algorithm}:${hashes[algorithm]?.copy().digest('hex')}`
}

/** Begins an upload. @param directory that its bytes are kept in */
export const receiveInto = (directory: string, name: string): Incoming => {
  const id = randomUUID()
  const path = join(directory, id)
  const hashes = { sha256: createHash('sha256'), sha512: createHash('sha512') }
  let size = 0
  return {
    id,
    name,
    get size() {
      return size
    },
    async add(source) {
      const count = new Transform({
        transform(chunk: Buffer, _, done) {
          size += chunk.length
          hashes.sha256.update(chunk)
          hashes.sha512.update(chunk)
          done(null, chunk)
        },
      })
      await pipeline(source, count, createWriteStream(path, { flags: 'a', mode: 0o600 }))
    },
    finish: (digest) =>
      digestOf(hashes, digest) === digest ? fileBlob(path, digest, size) : undefined,
    discard: () => rm(path, { force: true }),
  }
}
