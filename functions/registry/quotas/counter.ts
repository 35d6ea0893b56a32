/**
 * The count of a quota: what a walk of the clean-up has found, and what was linked since.
 *
 * It may be too high, never too low. So a push counts what it is about to link before it writes the link, and
 * whatever it relies on is noted, counted already or not: the next walk may have read a repository before that link
 * was there. A walk takes the place of all that was noted so long before its date that it has landed, and of
 * nothing else. docs/quotas.md says why that holds.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { PUSH } from '../clean-up/bounds.ts'
import type { Digest } from '../reference.ts'

/** Milliseconds by which clocks may differ, and the moment of a write and what the store says of it. */
const SKEW = 15 * 60_000

/** Milliseconds for which something noted need not be noted again. */
const FRESH = 5 * 60_000

/** Milliseconds after which what was noted has landed, or never will, by whatever clock. */
export const SETTLED = PUSH + FRESH + SKEW

/** Most things that are noted one by one: some 60 kB. */
export const MOST = 1000

/** Milliseconds: what is no longer noted by itself is noted by the hour. */
const HOUR = 3_600_000

/** Most hours noted apart. */
const HOURS = 200

/** Bytes of a quota that a walk has counted. */
export interface Walked {
  /** The date of the walk, by the clock of the store, in milliseconds. */
  readonly date: number
  readonly bytes: number
  /** What links of blobs lead to and is not counted, since no manifest needs it: {@link shortOf} each, joined. */
  readonly except: string
}

/** Something that is about to be linked. */
export interface Counted {
  /** Digest that its data is under. */
  readonly digest: Digest
  readonly size: number
  /**
   * When its link was last written, by the clock of the store, in milliseconds; `soon` where it is about to be.
   * Undefined: just now.
   */
  readonly linked?: number | 'soon' | undefined
}

/** Something noted since the walk. */
interface Noted {
  readonly size: number
  /** When a push last said that it links it. */
  readonly at: number
  /** When its link was written, at the latest. */
  readonly linked: number
  /** Whether it counts: the walk has not counted it. */
  readonly counts: boolean
}

/** A count. */
export interface Count {
  readonly walked: Walked | undefined
  /** By {@link keyOf}. */
  readonly since: ReadonlyMap<string, Noted>
  /** What is noted by the hour, and counts: until when, and bytes. */
  readonly hours: readonly (readonly [until: number, bytes: number])[]
}

/** Nothing was counted yet. */
export const NOTHING: Count = { walked: undefined, since: new Map(), hours: [] }

/** Half of a digest: two that have the same are not to be found. */
const keyOf = (digest: Digest): string =>
  Buffer.from(notedAs(digest.slice(digest.indexOf(':') + 1)), 'hex').toString('base64url')

/** Hex digits of {@link shortOf}. */
const SHORT = 8

/** A few digits of a digest: where two have the same, one counts that need not. */
export const shortOf = (hex: string): string => hex.slice(0, SHORT)

const isExcepted = ({ except }: Walked, short: string): boolean => {
  for (let at = 0; at < except.length; at += SHORT) {
    if (except.startsWith(short, at)) return true
  }
  return false
}

/** Whether a walk has counted what a plain link of this time leads to: the link was there when it was read. */
const wasCounted = (walked: Walked | undefined, linked: number, short: string): boolean =>
  walked !== undefined && linked + SKEW < walked.date && !isExcepted(walked, short)

const shortOfKey = (key: string): string => shortOf(Buffer.from(key, 'base64url').toString('hex'))

/** Bytes of a count. */
export const bytesIn = ({ walked, since, hours }: Count): number => {
  let sum = walked?.bytes ?? 0
  for (const { size, counts } of since.values()) if (counts) sum += size
  for (const [, bytes] of hours) sum += bytes
  return sum
}

const addHour = (hours: Map<number, number>, at: number, bytes: number): void => {
  const until = Math.ceil(at / HOUR) * HOUR
  hours.set(until, (hours.get(until) ?? 0) + bytes)
}

/** Notes the smallest things by the hour where there are too many: of those, least is counted twice. */
const bounded = (count: Count): Count => {
  if (count.since.size <= MOST) return count
  const bySize = [...count.since].sort(([, a], [, b]) => b.size - a.size)
  // A tenth at once, so that this is rare.
  const kept = Math.floor(MOST * 0.9)
  const hours = new Map(count.hours)
  for (const [, { at, size }] of bySize.slice(kept)) addHour(hours, at, size)
  const sorted = [...hours].sort(([a], [b]) => a - b)
  while (sorted.length > HOURS) {
    const [, bytes] = sorted.shift()!
    const [until, more] = sorted[0]!
    sorted[0] = [until, bytes + more]
  }
  return { ...count, since: new Map(bySize.slice(0, kept)), hours: sorted }
}

/** A count with what a push is about to link. */
export interface Raised {
  /** The same object where nothing has to be noted. */
  readonly count: Count
  /** Bytes that it has more. */
  readonly added: number
}

/** Notes what a push is about to link. @param now by the clock of this process, in milliseconds */
export const raised = (count: Count, things: readonly Counted[], now: number): Raised => {
  const since = new Map(count.since)
  let [added, changed] = [0, false]
  for (const { digest, size, linked: said = now } of things) {
    const linked = said === 'soon' ? now + PUSH : said
    const key = keyOf(digest)
    const noted = since.get(key)
    if (noted !== undefined && noted.at + FRESH > now) continue
    changed = true
    const counts = noted?.counts ?? !wasCounted(count.walked, linked, shortOfKey(key))
    if (noted === undefined && counts) added += size
    since.set(key, {
      size,
      at: Math.max(noted?.at ?? 0, now),
      linked: Math.max(noted?.linked ?? 0, linked),
      counts,
    })
  }
  return changed ? { count: bounded({ ...count, since }), added } : { count, added: 0 }
}

/** Hex digits of the digests of what is noted one by one, as in {@link notedAs}. */
export const notedIn = ({ since }: Count): string[] =>
  [...since.keys()].map((key) => Buffer.from(key, 'base64url').toString('hex'))

/** A part of a digest's hex digits, which tells it from all others. */
export const notedAs = (hex: string): string => hex.slice(0, 32)

/**
 * A count that a walk has set right; undefined where a later walk has.
 *
 * @param seen whether the walk has counted what is noted, by {@link notedAs}
 */
export const settledBy = (
  count: Count,
  walked: Walked,
  seen: (noted: string) => boolean,
): Count | undefined => {
  if (count.walked !== undefined && count.walked.date >= walked.date) return undefined
  const stays = (at: number): boolean => at + SETTLED >= walked.date
  const since = [...count.since]
    .filter(([, { at }]) => stays(at))
    .map(([key, noted]): [string, Noted] => {
      const is =
        seen(Buffer.from(key, 'base64url').toString('hex')) ||
        wasCounted(walked, noted.linked, shortOfKey(key))
      return [key, { ...noted, counts: !is }]
    })
  return {
    walked,
    since: new Map(since),
    hours: count.hours.filter(([until]) => stays(until)),
  }
}

const natural = z.int().check(z.nonnegative())

const countSchema = z.object({
  version: z.literal(1),
  walked: z.optional(z.object({ date: natural, bytes: natural, except: z.string() })),
  since: z.array(z.tuple([z.string(), natural, natural, natural, natural])),
  hours: z.array(z.tuple([natural, natural])),
})

/** Writes a count down. */
export const formatCount = ({ walked, since, hours }: Count): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      version: 1,
      walked,
      since: [...since].map(([key, { size, at, linked, counts }]) => [
        key,
        size,
        Math.ceil(at),
        Math.ceil(linked),
        counts ? 1 : 0,
      ]),
      hours,
    }),
  )

/** Reads a count. @throws Error when it is damaged, or of a later version */
export const parseCount = (bytes: Uint8Array): Count => {
  const { walked, since, hours } = countSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  return {
    walked,
    since: new Map(
      since.map(([key, size, at, linked, counts]) => [
        key,
        { size, at, linked, counts: counts === 1 },
      ]),
    ),
    hours,
  }
}
