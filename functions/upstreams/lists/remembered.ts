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

/** Most entries of all lists that are remembered. */
const ENTRIES = 500_000
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

/**
 * Remembers lists.
 *
 * @param load asks the upstream
 * @param now clock in milliseconds
 * @returns a function that throws what `load` throws where there is no older list
 */
export const remembering = <T>(
  load: (route: Route, of: string) => Promise<readonly T[]>,
  now: () => number,
): ((route: Route, of: string) => Promise<Listed<T>>) => {
  const lists = new LRUCache<string, Remembered<T>>({ maxSize: ENTRIES })
  const keyOf = (route: Route, of: string): string => `${askedAs(route)} ${of}`
  const keep = (key: string, list: Remembered<T>): void => {
    lists.set(key, list, { size: (list.entries?.length ?? 0) + 1 })
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
    { atOnce: 1, key: (route, of) => `${askedAs(route)} ${of}` },
  )

  return async (route, of) => known(route, keyOf(route, of)) ?? ask(route, of)
}
