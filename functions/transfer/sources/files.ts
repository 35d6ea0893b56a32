/**
 * Files of a directory or an archive, by name.
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blob } from '../blobs/blob.ts'
import { TransferError } from '../errors.ts'

/** A file: where its bytes are, and how many. */
export interface Entry {
  readonly path: string
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

/** Most bytes of JSON. */
const MOST = 8 * 1024 * 1024

/** The bytes of a small file. @throws TransferError when it is not there, or too large */
export const readSmall = async (files: Files, name: string): Promise<Buffer> => {
  const found = await files.find(name)
  if (found === undefined) throw new TransferError(`${files.called} has no ${name}`)
  if (found.size > MOST) throw new TransferError(`${name} in ${files.called} is too large`)
  return readFile(found.path)
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
