/**
 * Bodies of requests to the Node server.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { release } from '../storage/bytes.ts'

/**
 * The bytes of a body. A chunk is good until the next one is asked for: left to the collector, chunks
 * take half of the CPU time of a large push. The request is not destroyed where reading stops early,
 * for then the answer could not be sent.
 */
export async function* bodyOf(incoming: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    yield chunk
    release(chunk)
  }
}
