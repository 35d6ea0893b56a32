/**
 * Buffers that grow in place. Their memory is mapped and unmapped as a whole: buffers of many sizes, taken
 * and given back by hundreds of uploads, would leave the C library's heap in fragments, at twice their
 * size.
 *
 * @module
 */

/** Bytes below which a buffer is an ordinary one. */
export const SMALL = 64 * 1024

/** Whether a buffer can grow to so many bytes in place. */
export const canExtend = ({ buffer }: Buffer, size: number): boolean =>
  buffer instanceof ArrayBuffer && buffer.resizable && size <= buffer.maxByteLength

/**
 * A buffer with undefined contents, which can grow up to `most` bytes if it is not small.
 *
 * @param size bytes; more than `most` gives an ordinary buffer
 */
export const createSlab = (size: number, most: number): Buffer =>
  size < SMALL || size > most
    ? Buffer.allocUnsafeSlow(size)
    : Buffer.from(new ArrayBuffer(size, { maxByteLength: most }), 0, size)

/** The same buffer with more bytes behind those it has; the old one must not be used any more. */
export const extendSlab = (buffer: Buffer, size: number): Buffer => {
  const memory = buffer.buffer as ArrayBuffer
  if (memory.byteLength < size) memory.resize(size)
  return Buffer.from(memory, 0, size)
}

/** Gives a buffer's memory back at once. Nobody may read it any more. */
export const freeSlab = ({ buffer, byteLength }: Buffer): void => {
  // A slice of Buffer's pool does not own that memory.
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transferToFixedLength(0)
}
