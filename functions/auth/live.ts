/**
 * Documents that an administrator changes while the registry runs. Every instance picks up a change
 * within {@link MAX_AGE}, without a restart. If a document cannot be read or is invalid, the last
 * good one stays in force; if there never was one, nobody gets in.
 *
 * @module
 */

import { cached } from '../shared/cached.ts'
import type { ObjectStore } from '../storage/store.ts'
import { readDocument } from './document.ts'
import { AccessError } from './errors.ts'

/** Milliseconds until a document is read again. */
export const MAX_AGE = 20_000
/** Milliseconds between attempts to read a document that has never been read. */
const FIRST_RETRY = 1_000

/** The outcome of reading a document, for the log and the audit trail. */
export type LiveEvent =
  /** It is in force from now on; `first` if nothing was in force before. `by` is who changed it, if that is known. */
  | {
      readonly outcome: 'loaded'
      readonly key: string
      readonly first: boolean
      readonly by?: string
    }
  /** It is in force without some entries. @param faults what is wrong with each, without secrets */
  | { readonly outcome: 'partly'; readonly key: string; readonly faults: readonly string[] }
  /** It cannot be used; the previous one stays in force. */
  | { readonly outcome: 'kept'; readonly key: string; readonly error: unknown }
  /** It cannot be used and there is no previous one: whatever depends on it is refused. */
  | { readonly outcome: 'failed'; readonly key: string; readonly error: unknown }

export interface LiveOptions {
  readonly store: ObjectStore
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Called for every change and every failure; must not throw. */
  readonly report: (event: LiveEvent) => void
  /** What callers are told while it has never been read. Default: of access control. */
  readonly unread?: string
}

/** A document that is kept up to date. */
export interface Live<T> {
  /**
   * What is in force now, at most {@link MAX_AGE} old unless the document cannot be read. It is the
   * same object as long as the document does not change. Concurrent callers share one read.
   *
   * @throws AccessError UNAVAILABLE while it has never been read
   */
  get(): Promise<T>
}

/**
 * Keeps a document up to date.
 *
 * @param parse turns the text (undefined: there is no document) into the value, or throws
 */
export const liveDocument = <T extends object>(
  key: string,
  parse: (text: string | undefined) => T | Promise<T>,
  { store, now, report, unread = 'access control cannot be read at the moment' }: LiveOptions,
): Live<T> => {
  let good: { readonly text: string | undefined; readonly value: T } | undefined

  const whoseChange = async (text: string | undefined): Promise<{ readonly by?: string }> => {
    if (text === undefined) return {}
    // Loaded and read only after a change.
    const { changedBy } = await import('./changes.ts')
    const by = await changedBy(store, key, text, now())
    return by === undefined ? {} : { by }
  }

  const load = async (): Promise<T> => {
    try {
      const text = await readDocument(store, key)
      if (good === undefined || text !== good.text) {
        const first = good === undefined
        good = { text, value: await parse(text) }
        report({ outcome: 'loaded', key, first, ...(first ? {} : await whoseChange(text)) })
      }
    } catch (cause) {
      report({ outcome: good === undefined ? 'failed' : 'kept', key, error: cause })
      if (good === undefined) {
        throw new AccessError('UNAVAILABLE', unread, { cause })
      }
    }
    return good.value
  }

  return cached(load, { now, maxAge: MAX_AGE, firstCooldown: FIRST_RETRY })
}
