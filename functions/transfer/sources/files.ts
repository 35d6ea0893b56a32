/**
 * Files of a directory or an archive, by name.
 *
 * @module
 */

import { open, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type Blob, fileBlob } from '../blobs/blob.ts'
import { MissingError, TransferError } from '../errors.ts'
import { noNames } from './names.ts'
import { type Found, scanTar } from './scan-tar.ts'

/** A layer, as it is sent. */
export interface Layer extends Blob {
  /** Digest of its bytes before they were compressed here; undefined where they came so. */
  readonly diffId?: string
}

/** A file: where its bytes are, and how many. */
export interface Entry {
  readonly path: string
  /** Where in the file they begin. Default: at its beginning. */
  readonly start?: number
  readonly size: number
  /** The layer that was made of it as it came: then these are the layer's bytes. */
  readonly blob?: Layer
}

/** Files by their names. */
export interface Files {
  /** What messages call it. */
  readonly called: string
  find(name: string): Promise<Entry | undefined>
}

/** Files of a directory, wherever its links lead: for what is compared with digests. */
export const filesIn = (directory: string): Files => ({
  called: directory,
  async find(name) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    return found?.isFile() ? { path, size: found.size } : undefined
  },
})

/**
 * Files of a directory alone: what one of them names is not looked for outside, nor where a link leads out. Nothing says
 * whether it would be what is meant, or a secret of whoever reads it.
 */
export const filesWithin = (directory: string): Files => {
  const all = filesIn(directory)
  return {
    ...all,
    async find(name) {
      const inside = await realpath(directory)
      const path = await realpath(join(directory, name)).catch(() => undefined)
      return path?.startsWith(`${inside}${sep}`) ? all.find(name) : undefined
    },
  }
}

/**
 * Files of an archive, which are read where they lie in it.
 *
 * @throws TransferError when it is no archive, or is cut
 */
export const filesOf = async (archive: string): Promise<Files> => {
  const names = noNames<Entry>()
  const keep = ({ name, start, size, link }: Found): void => {
    if (link === undefined) names.add(name, { path: archive, start, size })
    else names.link(name, link)
  }
  const file = await open(archive)
  try {
    await scanTar(file, keep)
  } catch (cause) {
    if (!(cause instanceof TransferError)) throw cause
    throw new TransferError(`${archive} is not a whole archive: ${cause.message}`, { cause })
  } finally {
    await file.close()
  }
  return { called: archive, find: async (name) => names.find(name) }
}

/** Most bytes of JSON. */
const MOST = 8 * 1024 * 1024

/** The bytes of a small file. @throws TransferError when it is not there, or too large */
export const readSmall = async (files: Files, name: string): Promise<Buffer> => {
  const found = await files.find(name)
  if (found === undefined) throw new MissingError(`${files.called} has no ${name}`)
  if (found.size > MOST) throw new TransferError(`${name} in ${files.called} is too large`)
  return fileBlob(found.path, '', found.size, found.start).read(0, found.size)
}

/** A small file's JSON. @throws TransferError when it is not there, or no JSON */
export const readJson = async (files: Files, name: string): Promise<unknown> => {
  const bytes = await readSmall(files, name)
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new TransferError(`${name} in ${files.called} is not JSON`)
  }
}
