/**
 * Bytes of a blob as they arrive, on disk, for any number of readers at their own pace.
 *
 * Nobody reads the last byte of what they want before the whole is verified. So whoever reads to the end has what is
 * right, and everybody else sees an error, never a short success.
 *
 * The file has no name once it is open: whoever dies leaves nothing.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from '../../shared/once.ts'
import { StoreError } from '../../storage/errors.ts'
import type { Span } from '../client/client.ts'

export interface Spool {
  /** Of the whole, if it is known. */
  readonly size: number | undefined
  /** Bytes so far. */
  readonly arrived: number
  /** Adds bytes. @throws StoreError `full` */
  write(chunk: Uint8Array): Promise<void>
  /** All is there, and it is right. */
  verified(): void
  /** It is not to be had. Readers fail. */
  fail(error: Error): void
  /**
   * Reads what has arrived and what arrives. Any number at a time. It must be read to its end, or returned.
   *
   * @param span default: the whole
   * @returns undefined when it is closed, and nobody reads any more
   */
  read(span?: Span): AsyncGenerator<Buffer, undefined> | undefined
  /** Frees the disk once nobody reads any more. */
  close(): Promise<void>
}

/** Most bytes that are read from the file at once. */
const CHUNK = 256 * 1024
/** Bytes that came last and are kept in memory, for all readers that keep up. */
const RECENT = 1024 * 1024
/** Bytes of each piece of them. Readers get at most one at a time. */
const PIECE = 256 * 1024
/** Bytes that one has at least, however little is expected. */
const LEAST = 1024
/** Milliseconds for which readers wait for a piece to fill: each of many is woken for few bytes otherwise. */
const GATHER = 20

/** Memory that many may send: whoever has sent a chunk that has its memory for itself gives that back. */
const shareable = (size: number): Buffer => Buffer.from(new ArrayBuffer(size + 1), 0, size)

/** What came last, by where it begins. @param size of the whole in bytes, if it is known */
const createRecent = (size = Number.POSITIVE_INFINITY) => {
  /** Each is full but the last one. What is filled never changes. */
  const pieces: { readonly at: number; readonly bytes: Buffer; filled: number }[] = []
  let kept = 0
  const room = (at: number) => {
    const last = pieces.at(-1)
    if (last !== undefined && last.filled < last.bytes.byteLength) return last
    const piece = { at, bytes: shareable(Math.min(PIECE, Math.max(size - at, LEAST))), filled: 0 }
    pieces.push(piece)
    kept += piece.bytes.byteLength
    while (kept - pieces[0]!.bytes.byteLength >= RECENT) kept -= pieces.shift()!.bytes.byteLength
    return piece
  }
  return {
    add(at: number, chunk: Uint8Array): void {
      for (let done = 0; done < chunk.byteLength; ) {
        const piece = room(at + done)
        const part = chunk.subarray(done, done + piece.bytes.byteLength - piece.filled)
        piece.bytes.set(part, piece.filled)
        piece.filled += part.byteLength
        done += part.byteLength
      }
    },
    /** Some bytes from `at` on, and before `limit`, if they are here. */
    find(at: number, limit: number): Buffer | undefined {
      const piece = pieces.findLast((each) => each.at <= at)
      return piece?.bytes.subarray(at - piece.at, Math.min(limit - piece.at, piece.filled))
    },
  }
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(String(Reflect.get(Object(error), 'code')))

/** A generator that tells of its end once, however it ends: one that was never begun does not run its own `finally`. */
const whenLeft = (
  inner: AsyncGenerator<Buffer, undefined>,
  leave: () => Promise<void>,
): AsyncGenerator<Buffer, undefined> => {
  const left = once(leave)
  const step = async (
    work: Promise<IteratorResult<Buffer, undefined>>,
  ): Promise<IteratorResult<Buffer, undefined>> => {
    let over = true
    try {
      const result = await work
      over = result.done ?? false
      return result
    } finally {
      if (over) await left()
    }
  }
  return {
    next: () => step(inner.next()),
    return: () => step(inner.return(undefined)),
    throw: (error) => step(inner.throw(error)),
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await step(inner.return(undefined))
    },
  }
}

/** Opens a spool. @param size of the whole in bytes, if it is known */
export const openSpool = async (directory: string, size: number | undefined): Promise<Spool> => {
  const path = join(directory, `slipway-fetch-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  const recent = createRecent(size)
  let arrived = 0
  let state: 'open' | 'verified' | Error = 'open'
  let changed = Promise.withResolvers<void>()
  let users = 1
  /** Bytes of which readers have been told. */
  let told = 0
  let gathering: NodeJS.Timeout | undefined

  const wake = (): void => {
    clearTimeout(gathering)
    gathering = undefined
    told = arrived
    changed.resolve()
    changed = Promise.withResolvers()
  }

  const leave = async (): Promise<void> => {
    users -= 1
    if (users === 0) await file.close()
  }

  /** How far somebody may read who wants to read up to `end`. What came last may be the end. */
  const limitFor = (end: number): number => {
    if (state === 'verified') return Math.min(end + 1, arrived)
    return Math.min(end, size === undefined ? arrived - 1 : arrived)
  }

  const fromFile = async (at: number, limit: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, limit - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
    return buffer.subarray(0, bytesRead)
  }

  async function* bytes(span: Span | undefined): AsyncGenerator<Buffer, undefined> {
    const end = span?.end ?? (size ?? Number.POSITIVE_INFINITY) - 1
    for (let at = span?.start ?? 0; ; ) {
      const soon = changed.promise
      const limit = limitFor(end)
      if (state instanceof Error) throw state
      if (at < limit) {
        const bytes = recent.find(at, limit) ?? (await fromFile(at, limit))
        at += bytes.byteLength
        yield bytes
      } else if (state === 'verified') {
        return undefined
      } else {
        await soon
      }
    }
  }

  return {
    size,
    get arrived() {
      return arrived
    },

    async write(chunk) {
      try {
        for (let at = 0; at < chunk.byteLength; ) {
          const { bytesWritten } = await file.write(chunk, at, chunk.byteLength - at, arrived + at)
          at += bytesWritten
        }
      } catch (cause) {
        if (!isFull(cause)) throw cause
        throw new StoreError('full', `${directory} has no room for a blob on its way`, { cause })
      }
      recent.add(arrived, chunk)
      arrived += chunk.byteLength
      if (arrived - told >= PIECE) wake()
      else gathering ??= setTimeout(wake, GATHER)
    },

    verified() {
      state = 'verified'
      wake()
    },

    fail(error) {
      state = error
      wake()
    },

    read(span) {
      if (users === 0) return undefined
      users += 1
      return whenLeft(bytes(span), leave)
    },

    close: leave,
  }
}
