/**
 * A request's body as it comes in, with S3's patience for slow clients.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { S3Error } from './errors.ts'

/** Body of one request; its chunks can be read once, in one or more goes. */
export class IncomingBody {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #patience: number
  #stalled = false

  /** @param patience most milliseconds to wait for the next bytes */
  constructor(message: IncomingMessage, patience: number) {
    this.#chunks = message[Symbol.asyncIterator]()
    this.#patience = patience
  }

  /** Remaining chunks. Throws RequestTimeout, or a connection error where the body is cut. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const next = await this.#next()
      if (next.done) return
      yield next.value
    }
  }

  /** Reads on and forgets, until the end or `limit` bytes; a body that stalled is left. */
  async drain(limit: number): Promise<void> {
    if (this.#stalled) return
    let seen = 0
    for await (const chunk of this.chunks()) {
      seen += chunk.length
      if (seen > limit) return
    }
  }

  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      this.#stalled = true
      reject(new S3Error('RequestTimeout'))
    }, this.#patience)
    try {
      return await Promise.race([this.#chunks.next(), promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
