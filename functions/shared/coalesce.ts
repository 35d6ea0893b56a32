/**
 * Callers who ask for the same thing at the same time share the work, as when the nodes of a cluster
 * pull one image.
 *
 * @module
 */

export interface CoalesceOptions<Args extends readonly unknown[]> {
  /**
   * Runs for the same arguments under way at once. Default 2: where callers are few, none waits for
   * another.
   */
  readonly atOnce?: number
  /** What tells arguments apart. Default: their JSON. */
  readonly key?: (...args: Args) => string
}

interface Queue<T> {
  running: number
  /** The run shared by all who wait, not begun yet. */
  next: { readonly begin: () => void; readonly result: Promise<T> } | undefined
}

/**
 * Makes a function that never runs `work` for the same arguments more than `atOnce` times at once.
 * Callers beyond that wait for a run to end and share the next one.
 *
 * The shared run begins only after all of them have asked, so each sees every write that was
 * acknowledged before it asked, as in a run of its own. They also share its failure, which is not
 * remembered: the next caller starts a run again.
 *
 * @param work gives the same to all who share it: it must not be changed
 */
export const coalesce = <Args extends readonly unknown[], T>(
  work: (...args: Args) => Promise<T>,
  options: CoalesceOptions<Args> = {},
): ((...args: Args) => Promise<T>) => {
  const { atOnce = 2, key = (...args) => JSON.stringify(args) } = options
  const queues = new Map<string, Queue<T>>()

  return (...args) => {
    const name = key(...args)
    const queue = queues.get(name) ?? { running: 0, next: undefined }
    queues.set(name, queue)

    const run = async (): Promise<T> => {
      queue.running += 1
      try {
        return await work(...args)
      } finally {
        queue.running -= 1
        const { next } = queue
        queue.next = undefined
        if (next !== undefined) next.begin()
        else if (queue.running === 0) queues.delete(name)
      }
    }

    if (queue.running < atOnce) return run()
    if (queue.next === undefined) {
      const { promise, resolve } = Promise.withResolvers<T>()
      queue.next = { begin: () => resolve(run()), result: promise }
    }
    return queue.next.result
  }
}
