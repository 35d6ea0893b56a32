/**
 * Bodies of requests, from whichever host.
 *
 * @module
 */

import type { UploadMemory } from '../registry/uploads/memory.ts'
import { readWhole } from '../registry/uploads/whole.ts'
import type { ByteSource } from '../storage/bytes.ts'
import type { AppContext } from './env.ts'
import { RequestError } from './errors.ts'
import { parseContentLength } from './request.ts'

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** The bytes of a body; see `AppEnv.Bindings.body`. */
export const bodyOf = (c: AppContext): ByteSource => c.env?.body?.() ?? c.req.raw.body ?? noBytes()

/** A small body: what it is, for messages, and the most bytes to accept. */
export interface SmallBody {
  readonly what: string
  readonly limit: number
}

/**
 * Reads a small body whole, within the memory of uploads.
 *
 * @throws RequestError BODY_TOO_LARGE; BODY_TOO_SLOW if it stands still while others need the memory
 */
export const readBody = async (
  c: AppContext,
  memory: UploadMemory,
  { what, limit }: SmallBody,
): Promise<Uint8Array<ArrayBuffer>> => {
  const tooLarge = () =>
    new RequestError(
      'BODY_TOO_LARGE',
      `the ${what} is larger than ${limit} bytes, the most that is accepted`,
    )
  const givenUp = () =>
    new RequestError(
      'BODY_TOO_SLOW',
      `the ${what} stood still while others needed the memory: send it again`,
    )
  const expected = parseContentLength(c.req.header('Content-Length'))
  if ((expected ?? 0) > limit) throw tooLarge()
  return readWhole(bodyOf(c), { memory, limit, expected, tooLarge, givenUp })
}
