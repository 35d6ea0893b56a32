/**
 * Reads an object back to compute its hashes: ranges over several connections at a time, since the store
 * holds each to a rate, hashed in their order. Their memory is that of all uploads.
 *
 * @module
 */

import { discard, release } from '../../storage/bytes.ts'
import { isStoreError, StoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Algorithm } from '../reference.ts'
import type { UploadContext } from './append.ts'
import type { Hashes } from './hash.ts'
import type { Share } from './memory.ts'
import type { Tenant } from './victim.ts'

/** Bytes of one request: small, since a process may have 48 MiB for all uploads. */
export const RANGE = 4 * 1024 * 1024
/** Most ranges of one object that are read at a time; fewer where memory is short, and one in any case. */
export const AHEAD = 12
/** How often a range is read: of thousands, one may break off. */
const ATTEMPTS = 4
/** Bytes handed to the hash at once, which may have to copy them. */
const STEP = 1024 * 1024

/** It waits for memory only while it has none, and gives back what it has by itself. */
export const TENANT: Tenant = {
  spare: 0,
  lastCame: 0,
  since: 0,
  filled: 0,
  giveUp: async () => {},
}

/** Reads ranges of one version of an object. */
const readingOf = (store: ObjectStore, key: string) => {
  let version: string | undefined
  let stopped = false
  const open = new Set<() => void>()

  const readOnce = async (start: number, into: Buffer): Promise<void> => {
    const found = await store.get(key, { start, end: start + into.byteLength - 1 })
    if (found === undefined) throw new StoreError('missing', `the staged blob ${key} is gone`)
    const { info, body } = found
    const close = () => discard(body)
    open.add(close)
    try {
      if (stopped) throw new StoreError('unavailable', `reading ${key} was given up`)
      version ??= info.etag
      if (info.etag !== version) {
        throw new StoreError('missing', `the staged blob ${key} was replaced while it was read`)
      }
      let filled = 0
      for await (const chunk of body) {
        if (filled + chunk.byteLength > into.byteLength) break
        into.set(chunk, filled)
        filled += chunk.byteLength
        release(chunk)
      }
      if (filled === into.byteLength && found.start === start) return
      throw new StoreError('unavailable', `the range of ${key} from ${start} was not sent whole`)
    } finally {
      open.delete(close)
      close()
    }
  }

  return {
    /** The version that all ranges have. */
    get version() {
      return version
    },
    /** Fills a buffer with the bytes from `start`. */
    async read(start: number, into: Buffer): Promise<void> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await readOnce(start, into)
        } catch (error) {
          if (stopped || attempt === ATTEMPTS || isStoreError(error, 'missing', 'range'))
            throw error
        }
      }
    },
    /** Ends what is under way. */
    stop() {
      stopped = true
      for (const close of open) close()
    },
  }
}

/** A range on its way. */
interface Reading {
  readonly buffer: Buffer
  readonly size: number
  readonly done: Promise<void>
}

/** A buffer for the next range: waited for where nothing is under way, so that nobody waits for ever. */
const room = async (share: Share, size: number, alone: boolean): Promise<Buffer | undefined> =>
  alone ? share.take(size, true) : share.tryTake(size, true)

/**
 * The hashes of an object of `size` bytes, 1 or more, and the version that has them.
 *
 * @throws StoreError `missing` when it is gone, or was replaced meanwhile
 */
export const readBack = async (
  { store, memory, hashing }: Pick<UploadContext, 'store' | 'memory' | 'hashing'>,
  key: string,
  size: number,
  algorithms: readonly Algorithm[],
): Promise<{ readonly hashes: Hashes; readonly etag: string }> => {
  const share = memory.join(TENANT)
  const hash = hashing.fast(algorithms)
  const ranges = readingOf(store, key)
  const underWay: Reading[] = []
  let begun = 0
  const begin = async (): Promise<boolean> => {
    const bytes = Math.min(RANGE, size - begun)
    if (bytes === 0 || underWay.length === AHEAD) return false
    const buffer = await room(share, bytes, underWay.length === 0)
    if (buffer === undefined) return false
    const done = ranges.read(begun, buffer.subarray(0, bytes))
    // Its failure counts where it is awaited, in its turn.
    done.catch(() => {})
    underWay.push({ buffer, size: bytes, done })
    begun += bytes
    return true
  }
  try {
    while (await begin());
    for (let first = underWay[0]; first !== undefined; first = underWay[0]) {
      await first.done
      for (let at = 0; at < first.size; at += STEP) {
        await hash.update(first.buffer.subarray(at, Math.min(at + STEP, first.size)))
      }
      underWay.shift()
      share.release(first.buffer)
      while (await begin());
    }
    const hashes = await hash.finish()
    const etag = ranges.version
    if (etag === undefined) throw new StoreError('missing', `the staged blob ${key} is empty`)
    return { hashes, etag }
  } finally {
    ranges.stop()
    await Promise.allSettled(underWay.map(({ done }) => done))
    for (const { buffer } of underWay) share.release(buffer)
    share.leave()
    hash.drop?.()
  }
}
