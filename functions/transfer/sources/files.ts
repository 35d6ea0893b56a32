/**
 * Files of a directory or an archive, by name.
 *
 * @module
 */

import { open, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { type Blob, fileBlob } from '../blobs/blob.ts'
import { MissingError, TransferError } from '../errors.ts'
import { type Found, scanTar } from './scan-tar.ts'

/** A file: where its bytes are, and how many. */
export interface Entry {
  readonly path: string
  /** Where in the file they begin. Default: at its beginning. */
  readonly start?: number
  readonly size: number
  /** The layer that was made of it as it came: then these are the layer's bytes. */
  readonly blob?: Blob
}

/** Files by their names, which have no `..` in them. */
export interface Files {
  /** What messages call it. */
  readonly called: string
  find(name: string): Promise<Entry | undefined>
}

/** Files of a directory. */
export const filesIn = (directory: string): Files => ({
  called: directory,
  async find(name) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => undefined)
    return found?.isFile() ? { path, size: found.size } : undefined
  },
})

/** How many links a name may go through. */
const MOST_LINKS = 10

/** What a name stands for, where names may be links to others. */
export const followed = (name: string, links: ReadonlyMap<string, string>): string => {
  let at = posix.normalize(name)
  for (let count = 0; count < MOST_LINKS && links.has(at); count++) at = links.get(at)!
  return at
}

/**
 * Files of an archive, which are read where they lie in it.
 *
 * @throws TransferError when it is no archive, or is cut
 */
export const filesOf = async (archive: string): Promise<Files> => {
  const entries = new Map<string, Entry>()
  const links = new Map<string, string>()
  const keep = ({ name, start, size, link }: Found): void => {
    if (link === undefined) entries.set(name, { path: archive, start, size })
    else links.set(name, link)
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
  return { called: archive, find: async (name) => entries.get(followed(name, links)) }
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
