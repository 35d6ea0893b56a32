/**
 * Bytes that repositories link, by the number of the repository: 16 bytes of memory each.
 *
 * @module
 */

/** What repositories link. */
export interface LinkBytes {
  /** Adds the bytes of data to all repositories that link it. */
  add(repositories: readonly number[], size: number): void
  /** Bytes that only this repository links. */
  own(repository: number): number
  /** Bytes that others link, too. */
  shared(repository: number): number
  /** All of it, to open it again. */
  bytes(): Buffer
}

/** Opens it. @param from what an earlier one gave as its bytes */
export const openLinkBytes = (from: Buffer = Buffer.alloc(0)): LinkBytes => {
  /** Own and shared, in turn. */
  let sums = new Float64Array(from.byteLength / Float64Array.BYTES_PER_ELEMENT)
  new Uint8Array(sums.buffer).set(from)
  const add = (at: number, size: number): void => {
    if (at >= sums.length) {
      const grown = new Float64Array(Math.max(1024, at + 2, sums.length * 2))
      grown.set(sums)
      sums = grown
    }
    sums[at] = sums[at]! + size
  }
  return {
    add(repositories, size) {
      const part = repositories.length === 1 ? 0 : 1
      for (const each of repositories) add(2 * each + part, size)
    },
    own: (repository) => sums[2 * repository] ?? 0,
    shared: (repository) => sums[2 * repository + 1] ?? 0,
    bytes: () => Buffer.from(sums.buffer, 0, sums.byteLength),
  }
}
