/**
 * Reads the headers of a tar archive as it passes, as Go's archive/tar does.
 *
 * Memory is bounded by a header and the names that are written in front of one; the contents of files are handed on.
 *
 * @module
 */

import { invalid } from './errors.ts'

const BLOCK = 512

/** Most bytes of names and attributes in front of a header, as in Go. */
const MOST_BEFORE = 1024 * 1024

/** A header. Names are bytes, one character each. */
export interface TarEntry {
  readonly name: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Seconds since 1970. */
  readonly mtime: number
  /** One character. */
  readonly typeflag: string
  readonly linkname: string
  readonly uname: string
  readonly gname: string
  readonly devmajor: number
  readonly devminor: number
  /** Whether readers do not agree on what it says. */
  readonly disputed: boolean
}

/** Who is told of what passes. */
export interface TarVisitor {
  entry(entry: TarEntry): void
  /** Some of the content of the last entry. Valid only during the call. */
  content(bytes: Uint8Array): void
}

/** A reader of one archive. */
export interface TarReader {
  /** @throws V1Error V1_INVALID where it is not an archive */
  push(chunk: Uint8Array): void
  /** @throws V1Error V1_INVALID where it ends too early */
  end(): void
}

const notAnArchive = (why: string) => invalid(`the layer is not a tar archive: ${why}`)

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** Up to the first NUL. */
const textOf = (bytes: Uint8Array): string => latin1(bytes).split('\0', 1)[0] ?? ''

/** Octal, or a binary number with the highest bit set (GNU). */
const numberOf = (bytes: Uint8Array): number => {
  const [first = 0] = bytes
  if ((first & 0x80) === 0) {
    const text = latin1(bytes)
      .replace(/^[ \0]+|[ \0]+$/g, '')
      .split('\0', 1)[0]
    if (!text) return 0
    if (!/^[0-7]+$/.test(text)) throw notAnArchive('a header has a number that is not octal')
    return Number.parseInt(text, 8)
  }
  let value = BigInt.asIntN(7, BigInt(first))
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte)
  return Number(value)
}

/** The sum of a header's bytes, its own field taken for spaces, as unsigned bytes and as signed ones. */
const sumsOf = (block: Uint8Array): readonly number[] => {
  let [unsigned, signed] = [0, 0]
  for (const [at, byte] of block.entries()) {
    const value = at >= 148 && at < 156 ? 32 : byte
    unsigned += value
    signed += value > 127 ? value - 256 : value
  }
  return [unsigned, signed]
}

/** Records of a pax header: `<length> <key>=<value>\n`. */
const paxOf = (bytes: Uint8Array): Map<string, string> => {
  const records = new Map<string, string>()
  for (let rest = latin1(bytes); rest !== ''; ) {
    const [digits = '', length] = [rest.split(' ', 1)[0], Number.parseInt(rest, 10)]
    const record = rest.slice(digits.length + 1, length - 1)
    const equals = record.indexOf('=')
    const isWhole = /^\d{1,9}$/.test(digits) && length <= rest.length && rest[length - 1] === '\n'
    if (!isWhole || equals < 1) throw notAnArchive('a pax header is damaged')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    rest = rest.slice(length)
  }
  return records
}

/** Types without content, whatever their size says. */
const HEADER_ONLY = '123456'

/** Long names of GNU tar, and the field that each stands for. */
const LONG: Readonly<Record<string, string>> = { L: 'path', K: 'linkpath' }

const DECIMAL = /^-?\d+(?:\.\d*)?$/

const entryOf = (block: Uint8Array, before: ReadonlyMap<string, string>): TarEntry => {
  const field = (start: number, length: number) => block.subarray(start, start + length)
  const magic = latin1(field(257, 8))
  const isUstar = magic.startsWith('ustar\0')
  const hasOwners = isUstar || magic === 'ustar  \0'
  const prefix = isUstar ? textOf(field(345, latin1(field(508, 4)) === 'tar\0' ? 131 : 155)) : ''
  const own = textOf(field(0, 100))
  const typeflag = latin1(field(156, 1))
  const isDevice = typeflag === '3' || typeflag === '4'
  const device = (start: number) => (hasOwners ? numberOf(field(start, 8)) : 0)
  const [devmajor, devminor] = [device(329), device(337)]
  const number = (key: string, value: number): number => {
    const text = before.get(key)
    if (text === undefined || text === '') return value
    if (!DECIMAL.test(text)) throw notAnArchive(`its ${key} is not a number`)
    return Math.floor(Number(text))
  }
  const numbers = {
    mode: numberOf(field(100, 8)),
    uid: number('uid', numberOf(field(108, 8))),
    gid: number('gid', numberOf(field(116, 8))),
    size: number('size', numberOf(field(124, 12))),
    mtime: number('mtime', numberOf(field(136, 12))),
  }
  if (numbers.size < 0) throw notAnArchive('a file has a negative size')
  const text = (key: string, value: string) => before.get(key) || value
  return {
    ...numbers,
    name: text('path', prefix === '' ? own : `${prefix}/${own}`),
    typeflag,
    linkname: text('linkpath', textOf(field(157, 100))),
    uname: text('uname', hasOwners ? textOf(field(265, 32)) : ''),
    gname: text('gname', hasOwners ? textOf(field(297, 32)) : ''),
    devmajor: isDevice ? devmajor : 0,
    devminor: isDevice ? devminor : 0,
    disputed:
      // Versions of Go differ on those, and on sparse files.
      ['\0', '7', 'g', 'S'].includes(typeflag) ||
      [...before.keys()].some((key) => key.startsWith('GNU.sparse')) ||
      (!isDevice && (devmajor !== 0 || devminor !== 0)) ||
      !Object.values(numbers).every(Number.isSafeInteger),
  }
}

/** Reads an archive. */
export const readTar = (visitor: TarVisitor): TarReader => {
  const block = Buffer.alloc(BLOCK)
  let filled = 0
  /** Bytes of content to come, and of what fills its last block. */
  let [content, padding] = [0, 0]
  /** What comes in front of the next header, the type of that which is being read, and its bytes so far. */
  let before = new Map<string, string>()
  let kind = ''
  let long: Buffer[] = []
  let blank = 0
  let ended = false

  const endLong = (): void => {
    const bytes = Buffer.concat(long)
    const field = LONG[kind]
    if (field !== undefined) before.set(field, textOf(bytes))
    else for (const [key, value] of paxOf(bytes)) before.set(key, value)
    kind = ''
    long = []
  }

  const header = (): void => {
    if (block.every((byte) => byte === 0)) {
      blank += 1
      ended = blank === 2
      return
    }
    blank = 0
    if (!sumsOf(block).includes(numberOf(block.subarray(148, 156)))) {
      throw notAnArchive('the sum of a header is not that of its bytes')
    }
    const entry = entryOf(block, before)
    const { typeflag, size } = entry
    content = HEADER_ONLY.includes(typeflag) ? 0 : size
    padding = (BLOCK - (content % BLOCK)) % BLOCK
    if (typeflag === 'x' || LONG[typeflag] !== undefined) {
      if (size > MOST_BEFORE) throw notAnArchive('a name or an attribute is longer than 1 MiB')
      kind = typeflag
      if (content === 0) endLong()
      return
    }
    before = new Map()
    visitor.entry(entry)
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.byteLength && !ended; ) {
        const rest = chunk.byteLength - at
        if (content > 0) {
          const bytes = chunk.subarray(at, at + Math.min(content, rest))
          if (kind === '') visitor.content(bytes)
          else long.push(Buffer.from(bytes))
          content -= bytes.byteLength
          at += bytes.byteLength
          if (content === 0 && kind !== '') endLong()
        } else if (padding > 0) {
          const skipped = Math.min(padding, rest)
          padding -= skipped
          at += skipped
        } else {
          const taken = Math.min(BLOCK - filled, rest)
          block.set(chunk.subarray(at, at + taken), filled)
          filled += taken
          at += taken
          if (filled < BLOCK) return
          filled = 0
          header()
        }
      }
    },
    end() {
      // As in Go, it may end without the blocks that say so, and in the padding.
      if (content > 0 || filled > 0) throw notAnArchive('it ends in the middle')
    },
  }
}
