/**
 * Values loaded from elsewhere and remembered, within bounds of size and age.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { coalesce } from './coalesce.ts'

export interface CachedOptions<Args extends readonly unknown[], T> {
  /** Clock in milliseconds. Default: one that is never set back. */
  readonly now?: () => number
  /**
   * Milliseconds for which a value serves without being loaded again, counted from before its load
   * began, since it may be that old. Default: forever, for what never changes.
   */
  readonly maxAge?: number | ((...args: Args) => number)
  /** Milliseconds for which a value keeps serving while loads fail. Default: `maxAge`. */
  readonly stale?: number
  /**
   * Least milliseconds between the starts of two loads, successful or not. Until then a failure is
   * thrown again, unless a value serves. Default: 0, and failures are not remembered.
   */
  readonly cooldown?: number
  /** The same while no load has succeeded yet. Default: `cooldown`. */
  readonly firstCooldown?: number
  /** Total size of what is remembered; the least recently used goes first. Default: 1. */
  readonly capacity?: number
  /** Size of one value. Default: 1. */
  readonly sizeOf?: (value: T, ...args: Args) => number
  /** Whether a value is remembered. Default: each is. */
  readonly keeps?: (value: T) => boolean
  /** Loads of the same thing under way at once; see {@link coalesce}. Default: 1. */
  readonly atOnce?: number
}

/** A loader with a memory. `undefined` means that there is nothing, which is never remembered. */
export interface Cached<Args extends readonly unknown[], T> {
  /**
   * The remembered value, or a newly loaded one. A caller who waits while others load gets what is
   * remembered when they are done; if that does not serve, it shares a load that begins only then.
   *
   * @throws what the last load threw, when no remembered value serves
   */
  get(...args: Args): Promise<T>
  /** The remembered value, if it serves; loads nothing. @throws as `get` does */
  peek(...args: Args): T | undefined
  /** Loads again even if the remembered value is young enough, but not within the cooldown. */
  reload(...args: Args): Promise<T>
  /** Does work that yields the value, such as writing it, and remembers what it returns. */
  remember(work: () => Promise<T>, ...args: Args): Promise<T>
  /**
   * Forgets a value because it has changed. Call it after the change: nothing that began to load
   * before this call is remembered.
   */
  forget(...args: Args): void
}

interface Entry<T> {
  /** Undefined while every load has failed. */
  readonly value: T | undefined
  /** When the load of the value began. */
  readonly at: number
  /** When the last load began, and what it threw if it failed. */
  readonly tried: number
  readonly failure?: unknown
  /** Whether it is to be loaded again however young it is. */
  readonly outdated?: boolean
}

/** Remembers what `load` gives; its arguments are told apart by their JSON. */
export const cached = <Args extends readonly unknown[], T>(
  load: (...args: Args) => Promise<T>,
  options: CachedOptions<Args, T> = {},
): Cached<Args, T> => {
  const {
    now = () => performance.now(),
    maxAge = Number.POSITIVE_INFINITY,
    cooldown = 0,
    atOnce = 1,
  } = options
  const { firstCooldown = cooldown, capacity = 1, sizeOf = () => 1, keeps = () => true } = options
  // Bounded by size, the cache takes memory as it fills; bounded by count, it takes all at the start.
  const entries = new LRUCache<string, Entry<T>>({ maxSize: capacity })
  let forgets = 0

  const keyOf = (args: Args): string => JSON.stringify(args)
  const maxAgeOf = (args: Args): number => (typeof maxAge === 'number' ? maxAge : maxAge(...args))
  const pauseAfter = ({ value }: Entry<T>): number =>
    value === undefined ? firstCooldown : cooldown

  const set = (key: string, args: Args, entry: Entry<T>): void => {
    const { value } = entry
    entries.set(key, entry, { size: value === undefined ? 1 : sizeOf(value, ...args) })
  }

  const remember = async (key: string, args: Args, work: () => Promise<T>): Promise<T> => {
    const [at, before] = [now(), forgets]
    const value = await work()
    if (value !== undefined && keeps(value) && forgets === before)
      set(key, args, { value, at, tried: at })
    return value
  }

  /** The value of an entry that may serve while it cannot be loaded. */
  const fallback = ({ value, at, failure }: Entry<T>, args: Args): T => {
    if (value !== undefined && now() - at < (options.stale ?? maxAgeOf(args))) return value
    throw failure
  }

  /** What is given without a load, if anything is. @throws a failure not to be tried again yet */
  const serving = (key: string, args: Args): T | undefined => {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    const young = !entry.outdated && now() - entry.at < maxAgeOf(args)
    if (young && entry.value !== undefined) return entry.value
    return now() - entry.tried < pauseAfter(entry) ? fallback(entry, args) : undefined
  }

  const attempt = async (key: string, args: Args): Promise<T> => {
    const tried = now()
    try {
      return await remember(key, args, () => load(...args))
    } catch (failure) {
      const { value, at } = entries.get(key) ?? { value: undefined, at: Number.NEGATIVE_INFINITY }
      const entry = { value, at, tried, failure }
      if (value !== undefined || pauseAfter(entry) > 0) set(key, args, entry)
      return fallback(entry, args)
    }
  }

  const shared = coalesce(
    async (key: string, args: Args) => serving(key, args) ?? attempt(key, args),
    { atOnce, key: (key) => key },
  )
  const get = async (key: string, args: Args): Promise<T> => serving(key, args) ?? shared(key, args)

  return {
    get: (...args) => get(keyOf(args), args),
    peek: (...args) => serving(keyOf(args), args),
    reload(...args) {
      const key = keyOf(args)
      const entry = entries.get(key)
      if (entry !== undefined && now() - entry.tried >= cooldown) {
        set(key, args, { ...entry, outdated: true })
      }
      return get(key, args)
    },
    remember: (work, ...args) => remember(keyOf(args), args, work),
    forget(...args) {
      forgets += 1
      entries.delete(keyOf(args))
    },
  }
}
