/**
 * Memory for the parts of all blobs that are sent at a time.
 *
 * @module
 */

/** Memory that is taken before bytes are read into it. */
export interface Room {
  /** Waits until there is room for so many bytes; more than there ever is gets all. Served in order. */
  take(bytes: number): Promise<void>
  give(bytes: number): void
}

/** Bytes of parts in memory: 24 on their way, and some that are read and hashed meanwhile. */
const ROOM = 256 * 1024 * 1024

/** Makes room. @param limit bytes */
export const createRoom = (limit = ROOM): Room => {
  const waiting: { readonly bytes: number; readonly enter: () => void }[] = []
  let used = 0
  const admit = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (used > 0 && used + first.bytes > limit) return
      waiting.shift()
      used += first.bytes
      first.enter()
    }
  }
  return {
    take: (bytes) =>
      new Promise((enter) => {
        waiting.push({ bytes, enter })
        admit()
      }),
    give(bytes) {
      used -= bytes
      admit()
    },
  }
}
