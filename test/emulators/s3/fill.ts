/**
 * Objects put into a bucket without requests, for tests of what many of them cost.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { S3Server } from './server.ts'
import { wholeSeconds } from './state.ts'

/** Puts an object as a PUT without any header would. */
export const fill = ({ objects }: S3Server, key: string, bytes: Uint8Array): void => {
  const size = bytes.byteLength
  objects.put(key, {
    headers: { 'content-type': 'binary/octet-stream' },
    metadata: {},
    content: { size, segments: size === 0 ? [] : [{ source: Buffer.from(bytes), start: 0, size }] },
    etag: createHash('md5').update(bytes).digest('hex'),
    modified: wholeSeconds(),
    checksum: undefined,
  })
}
