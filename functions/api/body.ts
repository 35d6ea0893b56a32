/**
 * Bodies of requests, from whichever host.
 *
 * @module
 */

import type { ByteSource } from '../storage/bytes.ts'
import type { AppContext } from './env.ts'
import { RequestError } from './errors.ts'
import { parseContentLength } from './request.ts'

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** The bytes of a body; see `AppEnv.Bindings.body`. */
export const bodyOf = (c: AppContext): ByteSource => c.env?.body?.() ?? c.req.raw.body ?? noBytes()

/**
 * Reads a small body whole.
 *
 * @param what it is, for the message
 * @param limit the most bytes to accept
 * @throws RequestError BODY_TOO_LARGE
 */
export const readBody = async (
  c: AppContext,
  what: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> => {
  const tooLarge = (): RequestError =>
    new RequestError(
      'BODY_TOO_LARGE',
      `the ${what} is larger than ${limit} bytes, the most that is accepted`,
    )
  if ((parseContentLength(c.req.header('Content-Length')) ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bodyOf(c)) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge()
    // A chunk is valid only until the next one.
    chunks.push(Uint8Array.from(chunk))
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
