/**
 * Reads that many ask for at the same time, as the nodes of a cluster do when they pull one image.
 *
 * @module
 */

/** Reads of one thing under way at once: few callers do not wait for each other. */
const MOST = 2

interface Queue<T> {
  running: number
  /** The read that all who wait share, not begun yet. */
  next: { readonly begin: () => void; readonly result: Promise<T> } | undefined
}

/**
 * Makes a function that reads no thing more than {@link MOST} times at once. Who asks while so many
 * reads are under way waits for one to end, and shares the next with all who wait.
 *
 * That one begins after they all have asked: each of them sees every write and delete that was
 * answered before, as by a read of its own. A failure is theirs together.
 *
 * @param read gives what its arguments name, which JSON tells apart; what it gives must not be changed
 */
export const sharing = <Args extends readonly unknown[], T>(
  read: (...args: Args) => Promise<T>,
): ((...args: Args) => Promise<T>) => {
  const queues = new Map<string, Queue<T>>()

  return (...args) => {
    const name = JSON.stringify(args)
    const queue = queues.get(name) ?? { running: 0, next: undefined }
    queues.set(name, queue)

    const run = async (): Promise<T> => {
      queue.running += 1
      try {
        return await read(...args)
      } finally {
        queue.running -= 1
        const { next } = queue
        queue.next = undefined
        if (next !== undefined) next.begin()
        else if (queue.running === 0) queues.delete(name)
      }
    }

    if (queue.running < MOST) return run()
    if (queue.next === undefined) {
      const { promise, resolve } = Promise.withResolvers<T>()
      queue.next = { begin: () => resolve(run()), result: promise }
    }
    return queue.next.result
  }
}
