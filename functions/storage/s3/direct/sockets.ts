/**
 * How sockets are read.
 *
 * @module
 */

import type { OnReadOpts, Socket } from 'node:net'
import { release } from '../../bytes.ts'

/**
 * Options for reading up to `size` bytes at a time, for sockets that only node:http listens to. By
 * default Node allocates a buffer for each 64 KiB and leaves it to the garbage collector, although
 * node:http has already made its own copy. On Windows, which fills buffers while other code runs,
 * that default is kept.
 */
export const readingUpTo = (size: number): { readonly onread?: OnReadOpts } => {
  if (process.platform === 'win32') return {}
  return {
    onread: {
      // One buffer for all sockets: it is filled and emptied before the next socket is read.
      buffer: new Uint8Array(size),
      callback(this: Socket, length: number, buffer: Uint8Array) {
        // A copy, so that a listener that kept it would find nothing rather than foreign bytes.
        const chunk = Buffer.allocUnsafeSlow(length)
        chunk.set(buffer.subarray(0, length))
        this.emit('data', chunk)
        release(chunk)
        return true
      },
    },
  }
}
