/**
 * Lists of upstreams, remembered for as long as a tag is not asked for again, and longer while an upstream fails.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { coalesce } from '../../shared/coalesce.ts'
import { summaryOf } from '../client/failure.ts'
import { askedAs } from '../client/via.ts'
import type { Route } from '../route.ts'

/** Most bytes of memory that all lists take that are remembered, of all upstreams. */
const MOST_BYTES = 64 * 1024 * 1024
/** Bytes of a failure, and of what keeps a list. */
const EACH = 1024
/** Bytes of a value of any kind, besides what it holds: somewhat more than it takes. */
const VALUE = 48
/** Milliseconds after a failure until it is tried again. */
const COOLDOWN = 10_000

/** A list, and what a client should be told of it. */
export interface Listed<T> {
  readonly entries: readonly T[]
  readonly warning?: string
}

interface Remembered<T> {
  readonly entries: readonly T[] | undefined
  readonly at: number
  /** When it was last tried in vain, and why. */
  readonly failed?: { readonly at: number; readonly error: Error }
}

/** Bytes of memory that a value takes at most, of those that JSON has. Text is taken for what needs two bytes a character. */
const bytesOf = (value: unknown): number => {
  if (typeof value === 'string') return VALUE + 2 * value.length
  if (typeof value !== 'object' || value === null) return VALUE
  let bytes = VALUE
  if (Array.isArray(value)) for (const each of value) bytes += bytesOf(each)
  else for (const [name, each] of Object.entries(value)) bytes += bytesOf(name) + bytesOf(each)
  return bytes
}

/** Lists of all kinds, by what they list. Those that nobody has asked for for longest are forgotten. */
export type Memory = LRUCache<string, Remembered<unknown>>

/** Nothing yet. @param most bytes of memory that all lists take */
export const createMemory = (most = MOST_BYTES): Memory => new LRUCache({ maxSize: most })

/**
 * Remembers lists of one kind.
 *
 * @param kind what they list: no other in the memory is called so
 * @param load asks the upstream
 * @param now clock in milliseconds
 * @returns a function that throws what `load` throws where there is no older list
 */
export const remembering = <T>(
  memory: Memory,
  kind: string,
  load: (route: Route, of: string) => Promise<readonly T[]>,
  now: () => number,
): ((route: Route, of: string) => Promise<Listed<T>>) => {
  // Nobody else has this kind.
  const lists = memory as LRUCache<string, Remembered<T>>
  const keyOf = (route: Route, of: string): string => `${kind} ${askedAs(route)} ${of}`
  const keep = (key: string, list: Remembered<T>): void => {
    lists.set(key, list, { size: EACH + bytesOf(key) + bytesOf(list.entries) })
  }

  /** What is served without asking. @throws a failure that was a moment ago */
  const known = (route: Route, key: string): Listed<T> | undefined => {
    const { entries, at, failed } = lists.get(key) ?? { entries: undefined, at: 0 }
    if (entries !== undefined && now() - at < route.upstream.interval) return { entries }
    if (failed === undefined || now() - failed.at >= COOLDOWN) return undefined
    if (entries === undefined) throw failed.error
    const warning = `this may be an older list of what ${route.host} has: ${summaryOf(failed.error)}`
    return { entries, warning }
  }

  const ask = coalesce(
    async (route: Route, of: string): Promise<Listed<T>> => {
      const key = keyOf(route, of)
      const meanwhile = known(route, key)
      if (meanwhile !== undefined) return meanwhile
      const at = now()
      try {
        const entries = await load(route, of)
        keep(key, { entries, at })
        return { entries }
      } catch (error) {
        const older = lists.get(key) ?? { entries: undefined, at: 0 }
        keep(key, { ...older, failed: { at: now(), error: error as Error } })
        const served = known(route, key)
        if (served === undefined) throw error
        return served
      }
    },
    { atOnce: 1, key: keyOf },
  )

  return async (route, of) => known(route, keyOf(route, of)) ?? ask(route, of)
}
