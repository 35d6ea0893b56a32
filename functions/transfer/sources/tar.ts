/**
 * Archives, from a file or a pipe: a pipe cannot be read twice, so files are written to a directory, under
 * names of our own: what an archive calls them never becomes a path.
 *
 * @module
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { TransferError } from '../errors.ts'
import { type Entry, type Files, followed } from './files.ts'

/** Most files of an archive: images have some hundred. */
const MOST_FILES = 100_000

/** An archive may be compressed as a whole: the first bytes tell. */
async function* uncompressed(source: Readable): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const first = await iterator.next()
  const head = first.done ? Buffer.alloc(0) : first.value
  const whole = Readable.from(
    (async function* () {
      yield head
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        yield next.value
      }
    })(),
  )
  const isGzip = head.length > 1 && head.readUInt16BE() === 0x1f8b
  yield* isGzip ? whole.compose(createGunzip()) : whole
}

/** Takes a file's bytes as they come, and says where they are. */
export type Keep = (name: string, bytes: AsyncIterable<Buffer>, path: string) => Promise<Entry>

/** Writes a file as it is. */
export const keepAsItIs: Keep = async (_, bytes, path) => {
  const file = createWriteStream(path)
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (!file.write(chunk)) await once(file, 'drain')
  }
  file.end()
  await finished(file)
  return { path, size }
}

/**
 * Keeps an archive's files in a directory.
 *
 * @throws TransferError when it is no archive
 */
export const unpack = async (
  source: Readable,
  called: string,
  directory: string,
  keep: Keep = keepAsItIs,
): Promise<Files> => {
  const entries = new Map<string, Promise<Entry>>()
  const links = new Map<string, string>()

  const take = (entry: ReadEntry): void => {
    const name = posix.normalize(entry.path)
    if (entries.size > MOST_FILES) throw new TransferError(`${called} has too many files`)
    if (entry.type === 'SymbolicLink' || entry.type === 'Link') {
      const base = entry.type === 'Link' ? '.' : posix.dirname(name)
      links.set(name, posix.join(base, entry.linkpath ?? ''))
    }
    if (entry.type !== 'File' && entry.type !== 'OldFile') return void entry.resume()
    const path = join(directory, `entry-${entries.size}`)
    const kept = keep(name, entry as AsyncIterable<Buffer>, path)
    kept.catch(() => {
      // Its failure counts where all are awaited; meanwhile the others come.
      entry.resume()
    })
    entries.set(name, kept)
  }

  const parser = new Parser({ strict: true, onReadEntry: take })
  const ended = once(parser, 'end')
  ended.catch(() => {})
  try {
    for await (const chunk of uncompressed(source)) {
      if (!parser.write(chunk)) await once(parser, 'drain')
    }
    parser.end()
    await ended
  } catch (cause) {
    if (cause instanceof TransferError) throw cause
    const { message } = cause as Error
    throw new TransferError(`${called} is not an archive of images: ${message}`, { cause })
  }
  await Promise.all(entries.values())
  return {
    called,
    async find(name) {
      return entries.get(followed(name, links))
    },
  }
}
