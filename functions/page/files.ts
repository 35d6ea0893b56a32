/**
 * The files of the page, as packaging/ builds them, in memory: so a server that runs loses nothing when it is built again.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Media types by the end of a name; nothing else is served. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** A file, as it is and compressed. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
  /** Says what is in it. */
  readonly etag: string
}

/** Files by their names; `index.html` is the page itself. */
export type PageFiles = ReadonlyMap<string, PageFile>

const compress = promisify(gzip)

const readPageFile = async (path: URL, type: string): Promise<PageFile> => {
  const bytes = await readFile(path)
  const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
  return { type, bytes, gzip: new Uint8Array(await compress(bytes, { level: 9 })), etag }
}

/**
 * Reads the files of a directory.
 *
 * @param directory ends with a slash
 * @returns undefined where the page was not built
 */
export const readPageFiles = async (directory: URL): Promise<PageFiles | undefined> => {
  const names = await readdir(directory).catch((): string[] => [])
  const files = names.flatMap((name) => {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)]
    return type === undefined ? [] : [{ name, type }]
  })
  if (!files.some(({ name }) => name === 'index.html')) return undefined
  const read = files.map(
    async ({ name, type }) => [name, await readPageFile(new URL(name, directory), type)] as const,
  )
  return new Map(await Promise.all(read))
}
