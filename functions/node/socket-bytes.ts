/**
 * Bytes that requests and their responses take on connections, as far as these can tell requests apart.
 *
 * @module
 */

import type { Socket } from 'node:net'
import type { Bytes } from '../api/env.ts'

/**
 * Counts the bytes of connections, headers included.
 *
 * @returns what came and went on a connection since it was last called for it. Each request calls it at its end, so
 *   that bytes are counted once; those of a request that was sent before the end of another count as the other's.
 */
export const countSocketBytes = (): ((socket: Socket) => Bytes) => {
  const counted = new WeakMap<Socket, Bytes>()
  return (socket) => {
    const before = counted.get(socket) ?? { received: 0, sent: 0 }
    const now = { received: socket.bytesRead, sent: socket.bytesWritten }
    counted.set(socket, now)
    return {
      received: Math.max(0, now.received - before.received),
      sent: Math.max(0, now.sent - before.sent),
    }
  }
}
