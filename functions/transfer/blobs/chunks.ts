/**
 * Sends a blob in chunks, to registries behind gateways that take no large bodies.
 *
 * @module
 */

import { refused } from '../registry/failure.ts'
import type { Blob } from './blob.ts'
import { ending, locationOf, type Sending } from './upload.ts'

/** Bytes of a chunk: what Lambda takes. */
const CHUNK = 4 * 1024 * 1024

/** Sends a blob in chunks, one after another (distribution-spec "Pushing a blob in chunks"). */
export const sendInChunks = async (
  { target, sent }: Sending,
  { digest, size, read }: Blob,
  begun: string,
): Promise<void> => {
  let location = begun
  for (let start = 0; start < size; start += CHUNK) {
    const end = Math.min(start + CHUNK, size)
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `${start}-${end - 1}`,
    }
    const body = await read(start, end)
    const reply = await target.send({ method: 'PATCH', url: location, headers, body })
    if (reply.status !== 202) throw refused(`a chunk of ${digest} was refused`, reply)
    location = locationOf(target, reply, location)
    sent(end - start)
  }
  const reply = await target.send({ method: 'PUT', url: ending(location, digest) })
  if (reply.status !== 201 && reply.status !== 204) throw refused(`${digest} was refused`, reply)
}
