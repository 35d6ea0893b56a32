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
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { TransferError } from '../errors.ts'
import type { Entry, Files } from './files.ts'
import { noNames } from './names.ts'

/** An archive may be compressed as a whole: the first bytes tell. */
async function* uncompressed(source: Readable): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const next = await iterator.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
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
  let size = 0
  async function* counted() {
    for await (const chunk of bytes) {
      size += chunk.length
      yield chunk
    }
  }
  await pipeline(counted, createWriteStream(path))
  return { path, size }
}

/** What is wrong with an archive, or with the place that it is unpacked in. */
const explained = (cause: unknown, called: string, directory: string): unknown => {
  const { message, code } = cause as NodeJS.ErrnoException
  if (/^(?:ENOSPC|EDQUOT)$/.test(code ?? '')) {
    const why = `there is no room in ${directory} for what is in ${called}: TMPDIR names another place`
    return new TransferError(why, { cause })
  }
  return new TransferError(`${called} is not an archive of images: ${message}`, { cause })
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
  const names = noNames<Promise<Entry>>()
  const all: Promise<Entry>[] = []
  let failure: unknown

  const note = (entry: ReadEntry): void => {
    const name = posix.normalize(entry.path)
    if (entry.type === 'SymbolicLink' || entry.type === 'Link') {
      const base = entry.type === 'Link' ? '.' : posix.dirname(name)
      names.link(name, posix.join(base, entry.linkpath ?? ''))
    }
    if (entry.type !== 'File' && entry.type !== 'OldFile') return void entry.resume()
    // By its number: a name may come twice.
    const path = join(directory, `entry-${all.length}`)
    const kept = keep(name, entry as AsyncIterable<Buffer>, path)
    kept.catch((error: unknown) => {
      // On a full disk nothing that follows can be kept either.
      failure ??= error
      entry.resume()
    })
    all.push(kept)
    names.add(name, kept)
  }

  /** The parser calls it wherever it is, and what it throws there would be nobody's. */
  const take = (entry: ReadEntry): void => {
    try {
      note(entry)
    } catch (error) {
      failure ??= error
      entry.resume()
    }
  }

  const parser = new Parser({ strict: true, onReadEntry: take })
  const ended = once(parser, 'end')
  ended.catch(() => {})
  try {
    for await (const chunk of uncompressed(source)) {
      if (failure !== undefined) throw failure
      if (!parser.write(chunk)) await once(parser, 'drain')
    }
    parser.end()
    await ended
    await Promise.all(all)
    if (failure !== undefined) throw failure
  } catch (cause) {
    throw explained(failure ?? cause, called, directory)
  }
  return { called, find: async (name) => names.find(name) }
}
