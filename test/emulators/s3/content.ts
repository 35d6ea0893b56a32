/**
 * Bytes that were stored: in memory when small, in temporary files when large. Contents never
 * change, so copies and multipart objects share the bytes of what they were made of.
 *
 * @module
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes above which a body goes to a file. */
const SPILL = 1024 * 1024

interface Segment {
  /** The bytes, or the path of the file that holds them. */
  readonly source: Buffer | string
  /** First byte within the source. */
  readonly start: number
  readonly size: number
}

/** Stored bytes. */
export interface Content {
  readonly size: number
  readonly segments: readonly Segment[]
}

/** The bytes of one content after another. */
export const concat = (contents: readonly Content[]): Content => ({
  size: contents.reduce((sum, content) => sum + content.size, 0),
  segments: contents.flatMap((content) => content.segments),
})

/** The bytes from `start` to before `end`, which must be within the content. */
export const slice = (content: Content, start: number, end: number): Content => {
  let offset = 0
  const segments: Segment[] = []
  for (const segment of content.segments) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, segment.size)
    if (from < to)
      segments.push({ source: segment.source, start: segment.start + from, size: to - from })
    offset += segment.size
  }
  return { size: end - start, segments }
}

/** Reads a content's bytes. */
export async function* read(content: Content): AsyncGenerator<Buffer> {
  for (const { source, start, size } of content.segments) {
    if (typeof source === 'string')
      yield* createReadStream(source, { start, end: start + size - 1 })
    else yield source.subarray(start, start + size)
  }
}

/** Where bodies are stored until it is closed; bytes of deleted objects stay until then. */
export class Spool {
  #directory: Promise<string> | undefined
  #files = 0

  /** Stores a stream of bytes whole, or rejects with the stream's error and stores nothing. */
  async store(chunks: AsyncIterable<Uint8Array>): Promise<Content> {
    const head: Uint8Array[] = []
    let size = 0
    let path = ''
    let file: FileHandle | undefined
    try {
      for await (const chunk of chunks) {
        size += chunk.length
        if (file !== undefined) {
          await file.writeFile(chunk)
          continue
        }
        head.push(chunk)
        if (size > SPILL) {
          path = await this.#newPath()
          file = await open(path, 'wx')
          await file.writeFile(Buffer.concat(head.splice(0)))
        }
      }
    } catch (error) {
      if (file !== undefined) await rm(path, { force: true })
      throw error
    } finally {
      await file?.close()
    }
    if (size === 0) return { size, segments: [] }
    const source = file === undefined ? Buffer.concat(head) : path
    return { size, segments: [{ source, start: 0, size }] }
  }

  /** Deletes all files. */
  async close(): Promise<void> {
    // A request whose connection was ended may still write.
    if (this.#directory !== undefined)
      await rm(await this.#directory, { recursive: true, force: true, maxRetries: 10 })
  }

  async #newPath(): Promise<string> {
    this.#directory ??= mkdtemp(join(tmpdir(), 's3-'))
    return join(await this.#directory, String(this.#files++))
  }
}
