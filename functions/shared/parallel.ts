/**
 * Bounded parallelism over a list.
 *
 * @module
 */

/**
 * Most store operations that a single request keeps in flight: for a manifest with as many layers as
 * container runtimes can stack, all references are looked up in one step.
 */
export const MAX_PARALLEL = 128

/**
 * Runs `work` for every item, at most `limit` at once, and returns the results in order. The first
 * failure stops further work from starting and is thrown once all running work has ended.
 */
export const inBatches = async <T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  limit: number = MAX_PARALLEL,
): Promise<R[]> => {
  const results: R[] = new Array(items.length)
  const queue = items.entries()
  let failed = false
  const worker = async () => {
    for (const [at, item] of queue) {
      if (failed) return
      try {
        results[at] = await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker)
  const failure = (await Promise.allSettled(workers)).find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results
}

/**
 * Waits for all work to end, even when some fails, and then throws the first failure.
 *
 * @returns the results in order
 */
export const settled = async <const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }> => {
  const failure = (await Promise.allSettled(work)).find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return Promise.all(work)
}
