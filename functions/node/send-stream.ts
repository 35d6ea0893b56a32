/**
 * Bodies of responses as Node's own streams.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import { finished, type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { RequestLogger } from '../api/env.ts'
import { release } from '../storage/bytes.ts'

/** Writes to a response, and releases each chunk once it is written. */
const sinkOf = (outgoing: ServerResponse): Writable => {
  const sink = new Writable({
    write(chunk: Uint8Array, _, done) {
      const written = (error?: Error | null) => {
        release(chunk)
        // A client that has gone is handled below, as the same error each time.
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
  // Also notices a client that goes while there is nothing to write.
  finished(outgoing, (error) => {
    if (error) sink.destroy(error)
  })
  return sink
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'

/**
 * Sends a response whose body comes separately. If the body breaks off or does not have the declared
 * length, the connection is closed, which tells the client. If the client goes away, the body is
 * destroyed.
 *
 * @returns a value that tells the adapter that everything was sent
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
    if (!isGone(err)) logger.error({ err }, 'a response broke off')
  }
  return RESPONSE_ALREADY_SENT
}
