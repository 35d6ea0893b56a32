/**
 * The usage of a store as a walk of the clean-up leaves it: a head, and parts with some thousands of repositories
 * each, so that neither writing nor reading needs memory for all of them. Parts are written first; a head names only
 * parts that are there, until the next walk has ended.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { cleanUpKey } from '../layout.ts'

/** The head's key. */
export const USAGE_KEY = cleanUpKey('usage')

/** What the keys of all parts begin with. */
export const USAGE_PARTS_PREFIX = cleanUpKey('usage-')

/** The key of a part. @param id of the walk */
export const usagePartKey = (id: string, part: number): string =>
  `${USAGE_PARTS_PREFIX}${id}/${part}`

/** Repositories of a part: at most some 3 MB. */
export const PART = 10_000

/** Most bytes of a part. */
export const MAX_PART_BYTES = PART * 512

/** Most bytes of a head: one with a thousand parts is smaller. */
export const MAX_HEAD_BYTES = 1024 * 1024

const bytes = z.int().check(z.nonnegative())

/** The head's schema. A version that is not known is not read. */
export const usageHeadSchema = z.object({
  version: z.literal(1),
  /** The date of the walk, by the store's clock. */
  date: z.iso.datetime(),
  id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  repositories: bytes,
  /** The first repository of each part. */
  parts: z.array(z.string()),
  pool: z.object({ kept: bytes, condemned: bytes, reclaimable: bytes }),
  /** What the run then took away for good; absent, as long as none did. */
  removed: z.optional(z.object({ things: bytes, bytes })),
})

/** A head. */
export type UsageHead = z.output<typeof usageHeadSchema>

/** A line of a part: name, own, shared, condemned, reclaimable. */
export const usageLineSchema = z.tuple([z.string(), bytes, bytes, bytes, bytes])

/**
 * Where a repository is in the order of a walk, which is that of the keys of its links: `a/1`, `a`, `a/b`.
 */
export const placeOf = (name: string): string => `${name}/_`
