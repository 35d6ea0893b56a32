/**
 * Tar archives, as tests of the first API need them.
 *
 * @module
 */

/** What an archive has. */
export interface File {
  readonly name: string
  readonly content?: string
  /** Default: that of a file. */
  readonly typeflag?: string
  readonly linkname?: string
}

const BLOCK = 512

const header = ({ name, typeflag = '0', linkname = '' }: File, size: number): Buffer => {
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0)
  octal(0o644, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write(typeflag, 156, 'latin1')
  block.write(linkname, 157)
  block.write('ustar\x0000', 257, 'latin1')
  block.fill(' ', 148, 156)
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** An archive in the format of POSIX. */
export const archive = (files: readonly File[]): Buffer =>
  Buffer.concat([
    ...files.flatMap((file) => {
      const content = Buffer.from(file.content ?? '')
      const padding = Buffer.alloc((BLOCK - (content.byteLength % BLOCK)) % BLOCK)
      return [header(file, content.byteLength), content, padding]
    }),
    Buffer.alloc(2 * BLOCK),
  ])
