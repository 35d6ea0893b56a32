/**
 * Bodies of responses as Node's own streams.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import { finished, type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { release } from '../storage/bytes.ts'

/**
 * Closes the connection of a response that is not complete. Where there is neither a length nor chunks, as to a client of
 * HTTP/1.0, the end of the connection is that of the body: so that is reset. TLS has an end of its own.
 */
const breakOff = (outgoing: ServerResponse): void => {
  const { socket, chunkedEncoding } = outgoing
  const isDelimited = chunkedEncoding || outgoing.hasHeader('content-length')
  if (!isDelimited && socket && !('encrypted' in socket)) socket.resetAndDestroy()
  outgoing.destroy()
}

/**
 * Writes to a response, and releases each chunk once it is written.
 *
 * @param broke called with what keeps the response from being completed, unless the client has gone
 */
const sinkOf = (outgoing: ServerResponse, broke: (error: Error) => void): Writable => {
  let gone = false
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
      if (error && !gone) broke(error)
      if (!outgoing.writableFinished) breakOff(outgoing)
      done(error)
    },
  })
  // Also notices a client that goes while there is nothing to write.
  finished(outgoing, (error) => {
    if (!error) return
    gone = true
    sink.destroy(error)
  })
  return sink
}

/**
 * Sends a response whose body comes separately. If the body breaks off or does not have the declared
 * length, the connection is closed, which tells the client. If the client goes away, the body is
 * destroyed.
 *
 * @param broke called before the connection is closed, unless the client has gone
 * @returns a value that tells the adapter that everything was sent
 */
export const sendStream = async (
  response: Response,
  body: Readable,
  outgoing: ServerResponse,
  broke: (error: unknown) => void,
): Promise<Response> => {
  outgoing.statusCode = response.status
  outgoing.setHeaders(response.headers)
  outgoing.strictContentLength = true
  try {
    await pipeline(body, sinkOf(outgoing, broke))
  } catch {
    // `broke` has been told, or nobody is there to be told.
  }
  return RESPONSE_ALREADY_SENT
}
