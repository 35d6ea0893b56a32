/**
 * Decodes `aws-chunked` bodies with an unsigned trailer (STREAMING-UNSIGNED-PAYLOAD-TRAILER).
 *
 * @module
 */
import { S3Error } from './errors.ts'

/** Least size of a chunk in bytes but for the last. */
const MIN_CHUNK = 8192
/** Longest line of sizes or trailers in bytes. */
const MAX_LINE = 8192

class Reader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** A line without its CRLF. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#rest.subarray(0, end).toString('latin1')
        this.#rest = this.#rest.subarray(end + 2)
        return line
      }
      if (this.#rest.length > MAX_LINE) throw new S3Error('IncompleteBody')
      await this.#fill()
    }
  }

  /** Exactly so many bytes, piecewise. */
  async *bytes(size: number): AsyncGenerator<Buffer> {
    let left = size
    while (left > 0) {
      if (this.#rest.length === 0) await this.#fill()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async #fill(): Promise<void> {
    const next = await this.#source.next()
    if (next.done) throw new S3Error('IncompleteBody')
    this.#rest = Buffer.concat([this.#rest, next.value])
  }
}

/**
 * The bytes within an aws-chunked body. Throws IncompleteBody, InvalidChunkSizeError.
 *
 * @param onTrailer called with each trailer's lower-case name and its value
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Buffer> {
  const reader = new Reader(source)
  let previous = MIN_CHUNK
  for (;;) {
    const line = await reader.line()
    if (!/^[0-9a-f]+$/i.test(line)) throw new S3Error('IncompleteBody')
    const size = Number.parseInt(line, 16)
    if (size === 0) break
    if (previous < MIN_CHUNK) throw new S3Error('InvalidChunkSizeError')
    previous = size
    yield* reader.bytes(size)
    if ((await reader.line()) !== '') throw new S3Error('IncompleteBody')
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const colon = line.indexOf(':')
    if (colon === -1) throw new S3Error('MalformedTrailerError')
    onTrailer(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
}
