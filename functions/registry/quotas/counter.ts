/**
 * The count of a quota: what a walk of the clean-up has found, and what was linked since.
 *
 * It may be too high, never too low. So a push counts what it is about to link before it writes the link, and
 * whatever it relies on is noted, counted already or not: the next walk may have read a repository before that link
 * was there. A walk takes the place of all that was noted so long before its date that it has landed, and of
 * nothing else. A delete takes off what only its image has noted, if that has landed: see claims.ts. docs/quotas.md says
 * why that holds.
 *
 * @module
 */

import { PUSH } from '../clean-up/bounds.ts'
import type { Digest } from '../reference.ts'
import {
  alsoBy,
  type By,
  type Claim,
  type Claims,
  claimed,
  hasLanded,
  isNoted,
  knownBy,
  type Leaving,
  reliesOn,
} from './claims.ts'

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
export interface Noted {
  readonly size: number
  /** When a push last said that it links it. */
  readonly at: number
  /** When its link was written, at the latest. */
  readonly linked: number
  /** Whether it counts: the walk has not counted it. */
  readonly counts: boolean
  readonly by: By
}

/** A count. */
export interface Count {
  readonly walked: Walked | undefined
  /** By {@link keyOf}. */
  readonly since: ReadonlyMap<string, Noted>
  /** What is noted by the hour, and counts: until when, and bytes. */
  readonly hours: readonly (readonly [until: number, bytes: number])[]
  readonly claims: Claims
}

/** Nothing was counted yet. */
export const NOTHING: Count = {
  walked: undefined,
  since: new Map(),
  hours: [],
  claims: new Map(),
}

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

/**
 * Notes what a push is about to link.
 *
 * @param claim of the image that relies on it
 * @param now by the clock of this process, in milliseconds
 */
export const raised = (
  count: Count,
  things: readonly Counted[],
  claim: Claim,
  now: number,
): Raised => {
  const since = new Map(count.since)
  let added = 0
  let changed = !isNoted(count.claims, claim, now - FRESH)
  for (const { digest, size, linked: said = now } of things) {
    const linked = said === 'soon' ? now + PUSH : said
    const key = keyOf(digest)
    const noted = since.get(key)
    // Some manifests say less than there is.
    const most = Math.max(noted?.size ?? 0, size)
    const isThere = noted !== undefined && noted.at + FRESH > now && noted.size === most
    if (isThere && reliesOn(noted.by, claim)) continue
    changed = true
    const counts = noted?.counts ?? !wasCounted(count.walked, linked, shortOfKey(key))
    if (counts) added += most - (noted?.size ?? 0)
    since.set(key, {
      size: most,
      at: Math.max(noted?.at ?? 0, now),
      linked: Math.max(noted?.linked ?? 0, linked),
      counts,
      by: noted === undefined ? [claim.id] : noted.by && alsoBy(noted.by, claim),
    })
  }
  if (!changed) return { count, added }
  const claims = claimed(count.claims, claim, now, now - SETTLED)
  return { count: withClaims(bounded({ ...count, since }), claims), added }
}

/** A count in which these are all images that are known. */
const withClaims = (count: Count, claims: Claims): Count => {
  const since = [...count.since].map(([key, noted]): [string, Noted] => [
    key,
    { ...noted, by: knownBy(noted.by, claims) },
  ])
  return { ...count, claims, since: new Map(since) }
}

/**
 * Takes off what only a deleted image has noted; the same object where nothing may be taken off. To be called when the
 * image and all tags of it are gone.
 */
export const lowered = (count: Count, leaving: Leaving): Count => {
  if (!hasLanded(count.claims, leaving, SETTLED)) return count
  const { id } = leaving
  const since = [...count.since]
    .map(([key, noted]): [string, Noted] => [
      key,
      { ...noted, by: noted.by?.filter((each) => each !== id) },
    ])
    .filter(([, { by }]) => by?.length !== 0)
  const claims = new Map(count.claims)
  claims.delete(id)
  return { ...count, since: new Map(since), claims }
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
  const claims = new Map([...count.claims].filter(([, { at }]) => stays(at)))
  const hours = count.hours.filter(([until]) => stays(until))
  return withoutSettled({ walked, since: new Map(since), hours, claims })
}

/** A count in which no image is known any more that the walk has seen, if it was there. */
const withoutSettled = (count: Count): Count => {
  const since = [...count.since].map(([key, noted]): [string, Noted] => {
    const by = noted.by?.filter((id) => count.claims.has(id))
    return [key, { ...noted, by: by?.length === 0 ? undefined : by }]
  })
  return { ...count, since: new Map(since) }
}
