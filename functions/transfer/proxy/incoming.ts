/**
 * Bodies that clients push to the proxy: kept in files, in bounded memory. Where the digest is known before the
 * bytes, they can be read while they come.
 *
 * @module
 */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
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
  /** All bytes, as they come: reading waits for them, and fails where {@link add} has. */
  growing(digest: string, size: number): Blob
  /** All bytes, if their digest is this one; undefined otherwise. */
  finish(digest: string): Promise<Blob | undefined>
  discard(): Promise<void>
}

/** Bytes that are read at a time. */
const READ = 1024 * 1024

/** Begins an upload. @param directory that its bytes are kept in */
export const receiveInto = (directory: string, name: string): Incoming => {
  const id = randomUUID()
  const path = join(directory, id)
  const sha256 = createHash('sha256')
  const waiting = new Set<() => void>()
  let size = 0
  let failure: { readonly error: unknown } | undefined

  const wake = () => {
    for (const each of waiting) each()
    waiting.clear()
  }

  /** Waits until there are so many bytes. */
  const reach = async (bytes: number): Promise<void> => {
    while (size < bytes) {
      if (failure !== undefined) throw failure.error
      await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }

  /** The digest, of an algorithm that clients rarely use, of what is in the file. */
  const digestOf = async (digest: string): Promise<string | undefined> => {
    if (digest.startsWith('sha256:')) return `sha256:${sha256.copy().digest('hex')}`
    if (!digest.startsWith('sha512:')) return undefined
    const hash = createHash('sha512')
    await pipeline(createReadStream(path, { highWaterMark: READ }), hash)
    return `sha512:${hash.digest('hex')}`
  }

  return {
    id,
    name,
    get size() {
      return size
    },
    async add(source) {
      const file = await open(path, 'a', 0o600)
      try {
        for await (const chunk of source as AsyncIterable<Buffer>) {
          sha256.update(chunk)
          await file.appendFile(chunk)
          size += chunk.length
          wake()
        }
      } catch (error) {
        failure = { error }
        throw error
      } finally {
        wake()
        await file.close()
      }
    },
    growing(digest, whole) {
      const { read } = fileBlob(path, digest, whole)
      const readWhenThere: Blob['read'] = async (start, end) => {
        await reach(end)
        return read(start, end)
      }
      const chunks = async function* (start: number, end: number) {
        for (let at = start; at < end; ) {
          await reach(at + 1)
          const next = Math.min(size, end, at + READ)
          yield await read(at, next)
          at = next
        }
      }
      return {
        digest,
        size: whole,
        read: readWhenThere,
        stream: (start, end) => Readable.from(chunks(start, end), { objectMode: false }),
      }
    },
    finish: async (digest) =>
      (await digestOf(digest)) === digest ? fileBlob(path, digest, size) : undefined,
    discard: () => rm(path, { force: true }),
  }
}
