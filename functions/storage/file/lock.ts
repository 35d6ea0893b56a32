/**
 * Work that runs one at a time by name, within this process.
 *
 * @module
 */

// Shared by all stores of the process: two of them may have the same root.
const tails = new Map<string, Promise<void>>()

/** Runs `work` after all earlier work of the same name has ended. @returns what it returns */
export const withLock = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const before = tails.get(name)
  const { promise, resolve } = Promise.withResolvers<void>()
  tails.set(name, promise)
  try {
    await before
    return await work()
  } finally {
    if (tails.get(name) === promise) tails.delete(name)
    resolve()
  }
}
