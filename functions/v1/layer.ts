/**
 * What has to be known of a layer that a client of the first API sends, found out as it passes: nothing of it is kept.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createGunzip, type Gunzip } from 'node:zlib'
import type { Digest } from '../registry/reference.ts'
import type { ByteSource } from '../storage/bytes.ts'
import { invalid, V1Error } from './errors.ts'
import { tarsum } from './tarsum.ts'

/** Of a layer with the JSON that it was sent with. */
export interface LayerSums {
  /** The digest of what is in it, unpacked. */
  readonly diffId: Digest
  /** `X-Docker-Checksum-Payload`: of the JSON, a line's end, and the bytes as they were sent. */
  readonly payload: Digest
  /** `X-Docker-Checksum`; undefined where it cannot be told. */
  readonly tarsum: string | undefined
  /** Bytes as they were sent. */
  readonly size: number
  readonly isPacked: boolean
}

/** A layer on its way. */
export interface MeasuredLayer {
  /**
   * Its bytes. Each chunk is looked at before it is handed on, since whoever takes it may do so for good.
   *
   * @throws V1Error V1_INVALID where it is not an archive: before the end, so that whoever reads it keeps nothing
   */
  readonly source: AsyncIterable<Uint8Array>
  /** Once the source was read to its end. */
  sums(): LayerSums
}

/** Bytes that are unpacked at once. */
const PIECE = 64 * 1024

const GZIP = Buffer.from([0x1f, 0x8b])

/** What other packers write first, for the message. */
const OTHERS: readonly (readonly [name: string, first: Buffer])[] = [
  ['bzip2', Buffer.from('BZh')],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
]
const LONGEST = 5

/** Unpacks into a function, and waits for each piece: so no more than one is in memory. */
export const unpacker = (to: (chunk: Uint8Array) => void) => {
  let failure: unknown
  const stream: Gunzip = createGunzip({ chunkSize: PIECE })
  const ended = new Promise<void>((resolve) => {
    stream.once('end', resolve)
    stream.once('error', (error) => {
      failure ??= error
      resolve()
    })
  })
  stream.on('data', (chunk: Buffer) => {
    try {
      if (failure === undefined) to(chunk)
    } catch (error) {
      failure = error
    }
  })
  const check = (): void => {
    if (failure instanceof V1Error) throw failure
    if (failure !== undefined)
      throw invalid('the layer is not in gzip, though it begins so', failure)
  }
  return {
    async push(chunk: Uint8Array): Promise<void> {
      check()
      // Where it fails, the write is never called back.
      await Promise.race([
        new Promise<void>((resolve) => stream.write(chunk, () => resolve())),
        ended,
      ])
      check()
    },
    async end(): Promise<void> {
      check()
      stream.end()
      await ended
      check()
    },
    drop: () => void stream.destroy(),
  }
}

/**
 * Measures a layer as it passes. It is an archive, packed with gzip or not: others have no digest here of what is in them.
 *
 * @param json of the image, as it was sent
 */
export const measureLayer = (bytes: ByteSource, json: Uint8Array): MeasuredLayer => {
  const payload = createHash('sha256').update(json).update('\n')
  const plain = createHash('sha256')
  const files = tarsum()
  let size = 0
  let found: LayerSums | undefined
  const unpacked = (chunk: Uint8Array): void => {
    plain.update(chunk)
    files.push(chunk)
  }

  const begin = (first: Uint8Array) => {
    const other = OTHERS.find(([, start]) => start.equals(first.subarray(0, start.byteLength)))
    if (other !== undefined) {
      throw invalid(`the layer is packed with ${other[0]}: expected a tar archive, or one in gzip`)
    }
    return GZIP.equals(first.subarray(0, GZIP.byteLength)) ? unpacker(unpacked) : undefined
  }

  async function* source(): AsyncGenerator<Uint8Array> {
    let packed: ReturnType<typeof unpacker> | undefined
    /** The first bytes, until they tell what it is. */
    let first: Buffer | undefined = Buffer.alloc(0)
    const look = async (chunk: Uint8Array): Promise<void> => {
      if (packed === undefined) unpacked(chunk)
      else await packed.push(chunk)
    }
    const decide = async (start: Buffer): Promise<void> => {
      first = undefined
      packed = begin(start)
      await look(start)
    }
    try {
      for await (const chunk of bytes) {
        size += chunk.byteLength
        payload.update(chunk)
        if (first === undefined) await look(chunk)
        else {
          const start: Buffer = Buffer.concat([first, chunk])
          if (start.byteLength < LONGEST) first = start
          else await decide(start)
        }
        yield chunk
      }
      if (size === 0) throw invalid('the layer is empty: expected a tar archive')
      if (first !== undefined) await decide(first)
      await packed?.end()
      found = {
        tarsum: files.finish(json),
        diffId: `sha256:${plain.digest('hex')}`,
        payload: `sha256:${payload.digest('hex')}`,
        size,
        isPacked: packed !== undefined,
      }
    } finally {
      packed?.drop()
    }
  }

  return {
    source: source(),
    sums() {
      if (found === undefined) throw new Error('the layer was not read to its end')
      return found
    },
  }
}
