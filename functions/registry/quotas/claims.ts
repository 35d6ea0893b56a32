/**
 * Who relies on what a count has noted: images, each by its repository and the digest of its manifest.
 *
 * So a delete of an image can take off what only its pushes have noted. It may, if none of them can still write a link
 * or a tag. That is so for pushes that were noted so long before the delete that they have landed, or never will; and
 * for those of one process, if it deletes, and knows of each that all its writes were answered before.
 * docs/quotas.md says why that holds.
 *
 * @module
 */

import { hash } from 'node:crypto'
import type { Digest } from '../reference.ts'

/** Most images that are told apart. */
const MOST = 400

/** Most images by which one thing is remembered to be needed: what more need, such as a base, no delete takes off. */
const MOST_BY = 4

/** An image that relies on things, as whoever notes it says it. */
export interface Claim {
  /** By {@link claimOf}. */
  readonly id: string
  /** The process that notes it. */
  readonly writer: string
}

/** What is known of an image. */
interface Claimed {
  /** When a push or an undelete of it was last noted, in milliseconds. */
  readonly at: number
  /** The process that has noted all of these; undefined if there were several. */
  readonly writer: string | undefined
}

/** Images by {@link claimOf}. */
export type Claims = ReadonlyMap<string, Claimed>

/** Images that rely on a thing. Undefined: too many, or it is not known which. */
export type By = readonly string[] | undefined

/** The id of an image: part of a hash, so that two have the same in no lifetime. */
export const claimOf = (repository: string, manifest: Digest): string =>
  hash('sha256', `${repository}\n${manifest}`, 'base64url').slice(0, 16)

/** Whether an image need not be noted again: nothing that a delete may go by would change. */
export const isNoted = (claims: Claims, { id, writer }: Claim, since: number): boolean => {
  const known = claims.get(id)
  if (known === undefined || known.at <= since) return false
  return known.writer === undefined || known.writer === writer
}

/** Whether it is noted of a thing that an image relies on it. */
export const reliesOn = (by: By, { id }: Claim): boolean => by === undefined || by.includes(id)

/** Those who rely on a thing, and one more. */
export const alsoBy = (by: readonly string[], { id }: Claim): By => {
  if (by.includes(id)) return by
  return by.length < MOST_BY ? [...by, id] : undefined
}

/**
 * Notes an image.
 *
 * @param settled what was last noted before this time has landed, or never will
 */
export const claimed = (
  claims: Claims,
  { id, writer }: Claim,
  now: number,
  settled: number,
): Claims => {
  const known = claims.get(id)
  const isOnly = known === undefined || known.at < settled || known.writer === writer
  const at = Math.max(known?.at ?? 0, now)
  const next = new Map(claims).set(id, { at, writer: isOnly ? writer : undefined })
  if (next.size <= MOST) return next
  // A tenth at once, so that this is rare.
  const byTime = [...next].sort(([, a], [, b]) => b.at - a.at)
  return new Map(byTime.slice(0, MOST * 0.9))
}

/** Those of {@link By} that are known. Where some are not, nobody knows who relies on it. */
export const knownBy = (by: By, claims: Claims): By =>
  by?.every((id) => claims.has(id)) ? by : undefined

/** A delete of an image. */
export interface Leaving {
  readonly id: string
  /** When it began, in milliseconds: before anything of it was read. */
  readonly began: number
  /** The process that deletes, if it knows that all that it wrote of the image has landed before. */
  readonly writer: string | undefined
}

/** Whether nothing that was noted of an image can still write a link or a tag of it. */
export const hasLanded = (claims: Claims, { id, began, writer }: Leaving, settled: number) => {
  const known = claims.get(id)
  if (known === undefined) return false
  return known.at + settled < began || (writer !== undefined && known.writer === writer)
}
