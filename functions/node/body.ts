/**
 * Bodies of requests to the Node server.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { release } from '../storage/bytes.ts'

/**
 * The bytes of a body. A chunk is valid only until the next one is requested: left to the garbage
 * collector, chunks would take half of the CPU time of a large push. The request is not destroyed if
 * reading stops early, since the response could then not be sent.
 */
export async function* bodyOf(incoming: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    yield chunk
    release(chunk)
  }
}
