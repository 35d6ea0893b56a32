/**
 * Documents that an administrator changes while the registry runs. A change is seen within
 * {@link MAX_AGE}, on every instance, without a restart. A document that cannot be read or is not as
 * it must be changes nothing: the last good one stays; where there never was one, nobody gets in.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import type { ObjectStore } from '../storage/store.ts'
import { readDocument } from './document.ts'
import { AccessError } from './errors.ts'

/** Milliseconds until a document is read again. */
export const MAX_AGE = 20_000
/** Milliseconds between two tries to read one that has never been read. */
const FIRST_RETRY = 1_000

/** What became of reading a document; for the log and the audit. */
export type LiveEvent =
  /** It is in force from now on; `first` when nothing was in force before. */
  | { readonly outcome: 'loaded'; readonly key: string; readonly first: boolean }
  /** It could not be used; the one read before stays in force. */
  | { readonly outcome: 'kept'; readonly key: string; readonly error: unknown }
  /** It could not be used and there is none from before: whatever depends on it is refused. */
  | { readonly outcome: 'failed'; readonly key: string; readonly error: unknown }

export interface LiveOptions {
  readonly store: ObjectStore
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Told of every change and every failure; must not throw. */
  readonly report: (event: LiveEvent) => void
}

/** A document that is kept up to date. */
export interface Live<T> {
  /**
   * What is in force now: at most {@link MAX_AGE} old unless it cannot be read. The same object as
   * long as the document stays the same. Callers at the same time share one read.
   *
   * @throws AccessError UNAVAILABLE while it has never been read
   */
  get(): Promise<T>
}

/**
 * Keeps a document up to date.
 *
 * @param parse makes of the text (undefined: there is no document) what is used, or throws
 */
export const liveDocument = <T extends object>(
  key: string,
  parse: (text: string | undefined) => T | Promise<T>,
  { store, now, report }: LiveOptions,
): Live<T> => {
  let good: { readonly text: string | undefined; readonly value: T } | undefined

  const load = async (): Promise<T> => {
    try {
      const text = await readDocument(store, key)
      if (good === undefined || text !== good.text) {
        const first = good === undefined
        good = { text, value: await parse(text) }
        report({ outcome: 'loaded', key, first })
      }
    } catch (cause) {
      report({ outcome: good === undefined ? 'failed' : 'kept', key, error: cause })
      if (good === undefined) {
        const message = 'access control cannot be read at the moment'
        throw new AccessError('UNAVAILABLE', message, { cause })
      }
    }
    return good.value
  }

  return cached(load, { now, maxAge: MAX_AGE, firstCooldown: FIRST_RETRY })
}
