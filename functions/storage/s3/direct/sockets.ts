/**
 * How sockets are read.
 *
 * @module
 */

import type { OnReadOpts, Socket } from 'node:net'
import { release } from '../../bytes.ts'

/**
 * Options of reads of up to `size` bytes, for sockets that only node:http listens to. By itself Node
 * makes a buffer for each 64 KiB and leaves it to the collector; node:http has made its own copy by
 * then. With Windows, which fills buffers while other code runs, it stays at that.
 */
export const readingUpTo = (size: number): { readonly onread?: OnReadOpts } => {
  if (process.platform === 'win32') return {}
  return {
    onread: {
      // One for all sockets: it is filled and emptied before the next one is read.
      buffer: new Uint8Array(size),
      callback(this: Socket, length: number, buffer: Uint8Array) {
        // A copy, so that a listener that kept it would find nothing rather than other bytes.
        const chunk = Buffer.allocUnsafeSlow(length)
        chunk.set(buffer.subarray(0, length))
        this.emit('data', chunk)
        release(chunk)
        return true
      },
    },
  }
}
