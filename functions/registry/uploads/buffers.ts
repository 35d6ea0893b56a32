/**
 * Memory for parts on their way to the store, bounded over all uploads of the process.
 *
 * Each upload may always hold one buffer, so that none waits for another. It gets further ones, which
 * let its parts be sent in parallel, while few are in use: a single upload is fast, and n uploads at
 * once hold little more than n buffers.
 *
 * @module
 */

export interface PartBuffers {
  /** Bytes of a buffer: the part size. */
  readonly size: number
  /** A buffer with undefined contents. */
  take(): Buffer
  /** Another buffer, if few enough are in use. */
  tryTake(): Buffer | undefined
  /** Returns a buffer that is no longer in use; one of another size is not kept. */
  release(buffer: Buffer): void
}

/**
 * @param size bytes of one buffer
 * @param plenty buffers in use beyond which no upload gets a second one
 */
export const createPartBuffers = (size: number, plenty: number): PartBuffers => {
  const idle: Buffer[] = []
  let used = 0
  const take = (): Buffer => {
    used += 1
    return idle.pop() ?? Buffer.allocUnsafeSlow(size)
  }
  return {
    size,
    take,
    tryTake: () => (used < plenty ? take() : undefined),
    release(buffer) {
      if (buffer.byteLength !== size) return
      used -= 1
      if (idle.length < plenty) idle.push(buffer)
    },
  }
}
