/**
 * Bodies of answers as Node's own streams.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import { finished, type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { RequestLogger } from '../api/env.ts'
import { release } from '../storage/bytes.ts'

/** Writes into an answer, and lets go of each chunk once it is written. */
const sinkOf = (outgoing: ServerResponse): Writable => {
  const sink = new Writable({
    write(chunk: Uint8Array, _, done) {
      const written = (error?: Error | null) => {
        release(chunk)
        // That the client is gone is told below, in the same words each time.
        if (!error) done()
      }
      try {
        outgoing.write(chunk, written)
      } catch (error) {
        done(error as Error)
      }
    },
    final(done) {
      outgoing.end(done)
    },
    destroy(error, done) {
      if (!outgoing.writableFinished) outgoing.destroy()
      done(error)
    },
  })
  // Also while nothing is there to write.
  finished(outgoing, (error) => {
    if (error) sink.destroy(error)
  })
  return sink
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'

/**
 * Sends an answer with a body beside it. A body that breaks off, or is not as long as the answer says,
 * ends the connection, which is how the client learns of it; a client that goes away ends the body.
 *
 * @returns what tells the adapter that there is nothing left to send
 */
export const sendStream = async (
  response: Response,
  body: Readable,
  outgoing: ServerResponse,
  logger: RequestLogger,
): Promise<Response> => {
  outgoing.statusCode = response.status
  outgoing.setHeaders(response.headers)
  outgoing.strictContentLength = true
  try {
    await pipeline(body, sinkOf(outgoing))
  } catch (err) {
    if (!isGone(err)) logger.error({ err }, 'an answer broke off')
  }
  return RESPONSE_ALREADY_SENT
}
