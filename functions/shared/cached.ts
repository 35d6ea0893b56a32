/**
 * Something loaded from elsewhere and remembered for a while: our key document, others' key sets.
 *
 * @module
 */

export interface RememberOptions<T> {
  readonly load: () => Promise<T>
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Milliseconds after which it is loaded again. */
  readonly maxAge: number
  /** Least milliseconds between two loads, successful or not. */
  readonly cooldown: number
  /** Milliseconds after which it is no longer used when loading keeps failing. */
  readonly stale: number
}

export interface Remembered<T> {
  /**
   * What is remembered, or loaded when it is too old.
   *
   * @param reload whether to load again even if it is not, within the cooldown
   * @throws what the last `load` threw, when nothing usable is remembered
   */
  get(reload?: boolean): Promise<T>
}

/** Remembers what `load` gives. Callers at the same time share one load. */
export const createRemembered = <T>(options: RememberOptions<T>): Remembered<T> => {
  const { load, now, maxAge, cooldown, stale } = options
  let value: { readonly loaded: T; readonly at: number } | undefined
  let failure: unknown
  let tried = Number.NEGATIVE_INFINITY
  let pending: Promise<void> | undefined

  const attempt = async () => {
    tried = now()
    try {
      value = { loaded: await load(), at: tried }
    } catch (error) {
      failure = error
    } finally {
      pending = undefined
    }
  }

  return {
    async get(reload = false) {
      const old = value === undefined || now() - value.at >= maxAge
      if ((old || reload) && (pending !== undefined || now() - tried >= cooldown)) {
        pending ??= attempt()
        await pending
      }
      if (value !== undefined && now() - value.at < stale) return value.loaded
      throw failure
    },
  }
}
