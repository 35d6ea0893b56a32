/**
 * Work that is done again and again: when it is woken, and when it said that it would be due.
 *
 * @module
 */

/** Milliseconds that a request to wake waits for more of them. */
const GATHER = 100

/** Such work. */
export interface Loop {
  /** Has it be done soon. Takes no time. */
  wake(): void
  /** Has it be done no more. @returns when what is under way has ended */
  stop(): Promise<void>
}

/**
 * Begins at once. It does not keep the process alive.
 *
 * @param work gives milliseconds until it is due again, undefined: once it is woken; never rejects
 */
export const startLoop = (work: () => Promise<number | undefined>): Loop => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let [woken, stopped] = [false, false]

  const plan = (delay: number | undefined): void => {
    clearTimeout(timer)
    timer = delay === undefined || stopped ? undefined : setTimeout(run, delay).unref()
  }
  const run = (): void => {
    running = (async () => {
      woken = false
      const delay = await work()
      running = undefined
      plan(woken ? Math.min(delay ?? GATHER, GATHER) : delay)
    })()
  }
  run()
  return {
    wake() {
      if (woken || stopped) return
      woken = true
      if (running === undefined) plan(GATHER)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
