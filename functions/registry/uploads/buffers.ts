/**
 * Memory for parts on their way to the store, bounded over all uploads of the process.
 *
 * Each upload may always hold one buffer, so none waits for another; further ones, which let parts
 * travel in parallel, come from a shared allowance. With n uploads at once at most n + allowance
 * buffers exist.
 *
 * @module
 */

export interface PartBuffers {
  /** Bytes of a full buffer: the part size. */
  readonly size: number
  /** A buffer of the full size, contents undefined. */
  take(): Buffer
  /** Gives back a buffer nobody reads or writes any more; other sizes are left to the collector. */
  release(buffer: Buffer): void
  /** Whether one more buffer may travel in parallel; each yes is ended by `endExtra`. */
  tryExtra(): boolean
  endExtra(): void
}

/**
 * @param size bytes of one buffer
 * @param allowance buffers beyond the first of each upload, over the whole process
 */
export const createPartBuffers = (size: number, allowance: number): PartBuffers => {
  const idle: Buffer[] = []
  let extra = 0
  return {
    size,
    take: () => idle.pop() ?? Buffer.allocUnsafeSlow(size),
    release(buffer) {
      if (buffer.byteLength === size && idle.length < allowance) idle.push(buffer)
    },
    tryExtra() {
      if (extra >= allowance) return false
      extra += 1
      return true
    },
    endExtra() {
      extra -= 1
    },
  }
}
