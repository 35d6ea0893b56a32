/**
 * Layouts in archives. The archive is written as `FILE.partial`, and gets its name when it is whole. Sizes are known
 * before bytes come, so each blob has its place at once, and several are written at a time. Until a blob is whole, its
 * header calls it unfinished; so whoever goes on knows what is there.
 *
 * @module
 */

import { rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { fileBlob } from '../blobs/blob.ts'
import { verified } from '../copy/verified.ts'
import { TransferError } from '../errors.ts'
import { type Found, scanTar } from '../sources/scan-tar.ts'
import { alone } from './alone.ts'
import { blobPath, type LayoutFiles } from './files.ts'
import { BLOCK, headerOf, padded, writeAll } from './tar-file.ts'

/** Two blocks of zeros end an archive. */
const END = 2 * BLOCK
/** Bytes of zeros that are written at a time. */
const ZEROS = 1024 * 1024
/** What is not whole yet, by its hex digest. */
const UNFINISHED = 'unfinished/'

const unfinished = (digest: string): string => `${UNFINISHED}${digest.replace(':', '/')}`

/** A place in the archive: of a header, and of the bytes that follow it. */
interface Slot {
  readonly at: number
  readonly start: number
  readonly size: number
}

/** Begins an archive, or goes on with one that was broken off. @throws TransferError */
export const layoutArchive = async (path: string): Promise<LayoutFiles> => {
  const partial = `${path}.partial`
  const giveBack = await alone(`${partial}.lock`, path, 0)
  const file = await open(partial, 'r+').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(partial, 'w+')
    giveBack()
    throw error
  })
  const slots = new Map<string, Slot>()
  /** Names of what somebody has asked for since. */
  const wanted = new Set<string>()
  let end = 0
  let closed = false
  const keep = ({ name, at, start, size, next }: Found): void => {
    slots.set(name, { at, start, size })
    end = next
  }
  // What is cut is at the end, and is written anew.
  await scanTar(file, keep).catch((error: unknown) => {
    if (!(error instanceof TransferError)) throw error
  })
  // Other files are written last: they come anew.
  for (const [name, { at }] of slots) {
    if (name.startsWith('blobs/') || name.startsWith(UNFINISHED)) continue
    slots.delete(name)
    end = Math.min(end, at)
  }
  await file.truncate(end)

  /** A place for a file, after all that have one. */
  const reserve = async (name: string, size: number): Promise<Slot> => {
    const start = end + headerOf(name, size).length
    const slot = { at: end, start, size }
    end = start + padded(size)
    slots.set(name, slot)
    return slot
  }

  const append = async (name: string, bytes: Buffer): Promise<void> => {
    const { at } = await reserve(name, bytes.length)
    const rest = Buffer.alloc(padded(bytes.length) - bytes.length)
    await writeAll(file, Buffer.concat([headerOf(name, bytes.length), bytes, rest]), at)
  }

  /** Of blobs that an earlier run has left. */
  const looks = new Map<string, Promise<void>>()
  const earlier = new Set(slots.keys())

  /** Whoever pulled the plug may have left a header that was written before its bytes were. */
  const look = async (digest: string, slot: Slot): Promise<void> => {
    const { start, size } = slot
    const { stream } = verified(path, fileBlob(partial, digest, size, start))
    try {
      await stream(0, size).forEach(() => {})
    } catch (error) {
      if (!(error instanceof TransferError)) throw error
      await writeAll(file, headerOf(unfinished(digest), size), slot.at)
      slots.delete(blobPath(digest))
      slots.set(unfinished(digest), slot)
    }
  }

  const whole = async (digest: string): Promise<Slot | undefined> => {
    const name = blobPath(digest)
    wanted.add(name)
    const slot = slots.get(name)
    if (slot === undefined || !earlier.has(name)) return slot
    const looked = looks.get(name) ?? look(digest, slot)
    looks.set(name, looked)
    await looked
    return slots.get(name)
  }

  /** Overwrites what an export has left that was given up for this one: whoever gets this one shall not have it. */
  const clear = async (name: string, { at, start, size }: Slot): Promise<void> => {
    const [, algorithm, hex] = name.split('/')
    const header = headerOf(unfinished(`${algorithm}:${hex}`), size)
    if (header.length === start - at) await writeAll(file, header, at)
    for (let from = 0; from < size; from += ZEROS) {
      await writeAll(file, Buffer.alloc(Math.min(ZEROS, size - from)), start + from)
    }
  }

  return {
    called: path,
    isArchive: true,
    sizeOf: async (digest) => (await whole(digest))?.size,
    async read(digest) {
      const slot = await whole(digest)
      if (slot === undefined) throw new TransferError(`${path} has no ${digest}`)
      const bytes = Buffer.alloc(slot.size)
      await file.read(bytes, 0, slot.size, slot.start)
      return bytes
    },
    index: async () => undefined,
    async write(blob, passed) {
      const { digest, size } = blob
      const name = unfinished(digest)
      const before = slots.get(name)
      const slot = before?.size === size ? before : await reserve(name, size)
      await writeAll(file, headerOf(name, size), slot.at)
      let at = slot.start
      for await (const chunk of blob.stream(0, size) as AsyncIterable<Buffer>) {
        await writeAll(file, chunk, at)
        at += chunk.length
        passed(chunk.length)
      }
      // The rest of its last block; what comes next may be written before or after.
      await writeAll(file, Buffer.alloc(padded(size) - size), at)
      await writeAll(file, headerOf(blobPath(digest), size), slot.at)
      slots.delete(name)
      slots.set(blobPath(digest), slot)
      wanted.add(blobPath(digest))
    },
    async finish(last) {
      const files = await last(undefined)
      for (const [name, slot] of slots) if (!wanted.has(name)) await clear(name, slot)
      for (const [name, bytes] of files) await append(name, bytes)
      await writeAll(file, Buffer.alloc(END), end)
      await file.truncate(end + END)
      await file.sync()
      closed = true
      await file.close()
      await rename(partial, path)
      giveBack()
    },
    leave() {
      // What is whole stays, for whoever goes on.
      if (!closed && slots.size === 0) rmSync(partial, { force: true })
      if (!closed) file.close().catch(() => {})
      closed = true
      giveBack()
    },
  }
}
