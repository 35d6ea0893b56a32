/**
 * Layouts in archives. The archive is written as `FILE.partial`, and gets its name when it is whole. Sizes are known
 * before bytes come, so each blob has its place at once, and several are written at a time. Until a blob is whole, its
 * header calls it unfinished; so whoever goes on knows what is there.
 *
 * @module
 */

import { rmSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { Header } from 'tar'
import { TransferError } from '../errors.ts'
import { type Found, scanTar } from '../sources/scan-tar.ts'
import { blobPath, type LayoutFiles } from './files.ts'

const BLOCK = 512
/** Two blocks of zeros end an archive. */
const END = 2 * BLOCK
/** What is not whole yet, by its hex digest. */
const UNFINISHED = 'unfinished/'

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** The header of a file: the same whenever it is written. */
const headerOf = (path: string, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK)
  new Header({
    ...{ path, size, mode: 0o644, type: 'File', uid: 0, gid: 0 },
    mtime: new Date(0),
  }).encode(block, 0)
  return block
}

const unfinished = (digest: string): string => `${UNFINISHED}${digest.replace(':', '/')}`

const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten
  }
}

/** A place in the archive: of a header, which the bytes follow. */
interface Slot {
  readonly at: number
  readonly size: number
}

/** Begins an archive, or goes on with one that was broken off. @throws TransferError */
export const layoutArchive = async (path: string): Promise<LayoutFiles> => {
  const partial = `${path}.partial`
  const file = await open(partial, 'r+').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(partial, 'w+')
    throw error
  })
  const slots = new Map<string, Slot>()
  let end = 0
  let closed = false
  const keep = ({ name, at, size, next }: Found): void => {
    slots.set(name, { at, size })
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
    const slot = { at: end, size }
    end += BLOCK + padded(size)
    slots.set(name, slot)
    return slot
  }

  const append = async (name: string, bytes: Buffer): Promise<void> => {
    const { at } = await reserve(name, bytes.length)
    const block = Buffer.alloc(BLOCK + padded(bytes.length))
    headerOf(name, bytes.length).copy(block)
    bytes.copy(block, BLOCK)
    await writeAll(file, block, at)
  }

  const whole = (digest: string): Slot | undefined => slots.get(blobPath(digest))

  return {
    called: path,
    isArchive: true,
    sizeOf: async (digest) => whole(digest)?.size,
    async read(digest) {
      const slot = whole(digest)
      if (slot === undefined) throw new TransferError(`${path} has no ${digest}`)
      const bytes = Buffer.alloc(slot.size)
      await file.read(bytes, 0, slot.size, slot.at + BLOCK)
      return bytes
    },
    index: async () => undefined,
    async write(blob, passed) {
      const { digest, size } = blob
      const name = unfinished(digest)
      const before = slots.get(name)
      const slot = before?.size === size ? before : await reserve(name, size)
      await writeAll(file, headerOf(name, size), slot.at)
      let at = slot.at + BLOCK
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
    },
    async finish(files) {
      for (const [name, bytes] of files) await append(name, bytes)
      await writeAll(file, Buffer.alloc(END), end)
      await file.truncate(end + END)
      closed = true
      await file.close()
      await rename(partial, path)
    },
    leave() {
      // What is whole stays, for whoever goes on.
      if (!closed && slots.size === 0) rmSync(partial, { force: true })
      if (!closed) file.close().catch(() => {})
      closed = true
    },
  }
}
