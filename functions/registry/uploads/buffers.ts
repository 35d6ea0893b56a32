/**
 * Memory for parts on their way to the store, bounded over all uploads of the process.
 *
 * Each upload may always hold one buffer, so that none waits for another. Further ones, which let
 * its parts travel in parallel, it gets while few are in use: one upload alone is fast, and n at
 * once hold little more than n buffers.
 *
 * @module
 */

export interface PartBuffers {
  /** Bytes of a buffer: the part size. */
  readonly size: number
  /** A buffer, contents undefined. */
  take(): Buffer
  /** One more buffer, if few enough are in use. */
  tryTake(): Buffer | undefined
  /** Gives back a buffer that nobody reads or writes any more; others are left to the collector. */
  release(buffer: Buffer): void
}

/**
 * @param size bytes of one buffer
 * @param plenty buffers in use beyond which an upload gets no second one
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
