/**
 * Work that is done when it is first needed, and whose result is kept.
 *
 * @module
 */

/**
 * Makes a function that does the work once. Callers at the same time share it. If it fails, they all
 * fail, and the next call tries again.
 */
export const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let done: Promise<T> | undefined
  return async () => {
    done ??= work()
    const mine = done
    try {
      return await mine
    } catch (error) {
      // Unless another caller has already tried again.
      if (done === mine) done = undefined
      throw error
    }
  }
}
