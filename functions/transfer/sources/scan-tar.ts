/**
 * Looks through an archive without reading what is in its files: each is read where it lies.
 *
 * @module
 */

import type { FileHandle } from 'node:fs/promises'
import { posix } from 'node:path'
import { Header, Pax } from 'tar'
import { TransferError } from '../errors.ts'

const BLOCK = 512
/** Most bytes of a name, or of what else is said of a file. */
const MOST_SAID = 1024 * 1024

/** A file in an archive. */
export interface Found {
  /** Normalized; never a path of this machine. */
  readonly name: string
  /** Where its first header is: one for a long name may come before its own. */
  readonly at: number
  /** Where its bytes are. */
  readonly start: number
  readonly size: number
  /** Where the next header is. */
  readonly next: number
  /** What it is a link to, by its name in the archive: then it has no bytes. */
  readonly link: string | undefined
}

const isZero = (block: Buffer): boolean => block.every((byte) => byte === 0)

const text = (bytes: Buffer): string => bytes.toString().replace(/\0.*$/s, '')

/** Undefined for what is none. */
const headerOf = (block: Buffer, before: Pax | undefined): Header | undefined => {
  try {
    const header = new Header(block, 0, before)
    return header.cksumValid ? header : undefined
  } catch {
    // A number that is none, or too large.
    return undefined
  }
}

/**
 * Tells of each file, in their order.
 *
 * @throws TransferError where it is no archive, or ends within a file; what was told before is whole
 */
export const scanTar = async (file: FileHandle, found: (file: Found) => void): Promise<void> => {
  const { size: length } = await file.stat()
  const block = Buffer.alloc(BLOCK)
  let said: { readonly ex?: Pax; readonly path?: string; readonly link?: string } = {}
  let at = 0
  let first: number | undefined
  while (at + BLOCK <= length) {
    await file.read(block, 0, BLOCK, at)
    if (isZero(block)) return
    const header = headerOf(block, said.ex)
    if (header === undefined) throw new TransferError(`there is no header at byte ${at}`)
    const { type, size = 0 } = header
    // A word in a header of pax, whatever that says it is.
    if (!Number.isSafeInteger(size)) throw new TransferError(`a header at byte ${at} has no size`)
    const start = at + BLOCK
    first ??= at
    const next = start + Math.ceil(size / BLOCK) * BLOCK
    if (start + size > length) {
      throw new TransferError(
        `it is cut: ${JSON.stringify(header.path)} has ${size} bytes from ${start} on, and the archive ends at ${length}`,
      )
    }
    if (
      type === 'ExtendedHeader' ||
      type === 'GlobalExtendedHeader' ||
      type?.startsWith('NextFile')
    ) {
      if (size > MOST_SAID) throw new TransferError(`a header at byte ${at} has ${size} bytes`)
      const bytes = Buffer.alloc(size)
      await file.read(bytes, 0, size, start)
      if (type === 'ExtendedHeader') said = { ...said, ex: Pax.parse(text(bytes), said.ex) }
      else if (type === 'NextFileHasLongPath') said = { ...said, path: text(bytes) }
      else if (type === 'NextFileHasLongLinkpath') said = { ...said, link: text(bytes) }
    } else {
      const name = posix.normalize(said.ex?.path ?? said.path ?? header.path ?? '')
      const to = said.link ?? header.linkpath ?? ''
      const base = type === 'Link' ? '.' : posix.dirname(name)
      const isLink = type === 'Link' || type === 'SymbolicLink'
      if (isLink || type === 'File' || type === 'OldFile' || type === 'ContiguousFile') {
        const link = isLink ? posix.join(base, to) : undefined
        found({ name, at: first, start, size, next, link })
      }
      said = {}
      first = undefined
    }
    at = next
  }
  // Blocks are whole, also the last ones.
  if (at !== length) throw new TransferError(`it is cut: it ends at ${length}, within a block`)
}
