/**
 * Writing whole objects.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { PutOptions } from '../store.ts'
import type { DirectClient } from './direct-client.ts'
import { withWriteId } from './write-id.ts'

/** How the SDK writes what the direct client leaves to it; see `put` in write.ts. */
export type SdkPut = (
  key: string,
  body: Uint8Array,
  options: PutOptions,
  before: boolean,
) => Promise<{ etag: string }>

/**
 * Writes a whole object; see the port. Tries the direct client first, if there is one, then the SDK. Throws
 * `precondition`, `checksum`, `late`.
 */
export const put = async (
  direct: DirectClient | undefined,
  sdk: SdkPut,
  key: string,
  body: Uint8Array,
  options: PutOptions = {},
): Promise<{ etag: string }> => {
  const { condition, metadata } = options
  // Both clients write the same, so that either knows it as its own.
  const own = condition ? { ...options, metadata: withWriteId(metadata, randomUUID()) } : options
  return (await direct?.put(key, body, own)) ?? sdk(key, body, own, direct !== undefined)
}
