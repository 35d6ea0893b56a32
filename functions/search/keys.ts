/**
 * Keys of the index for search: one object for each of 256 buckets of repositories, and two that sum all of them up.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { OWN_PREFIX } from '../registry/layout.ts'

/** All of it. */
export const SEARCH_PREFIX = `${OWN_PREFIX}search/`

/** Number of buckets. It is part of the format: another number is another place for each repository. */
export const BUCKETS = 256

/** The bucket of a repository, 0 to 255. */
export const bucketOf = (name: string): number =>
  createHash('sha256').update(name).digest().readUInt8(0)

/** What is known of the repositories in buckets. */
export const SHARDS_PREFIX = `${SEARCH_PREFIX}shards/`

/** What is known of the repositories in a bucket. */
export const shardKey = (bucket: number): string =>
  SHARDS_PREFIX + bucket.toString(16).padStart(2, '0')

/** The bucket in such a key; undefined for any other. */
export const shardOf = (key: string): number | undefined => {
  const hex = key.slice(SHARDS_PREFIX.length)
  return key.startsWith(SHARDS_PREFIX) && /^[0-9a-f]{2}$/.test(hex)
    ? Number.parseInt(hex, 16)
    : undefined
}

/** Names of all repositories, with what a list of them shows. */
export const NAMES_KEY = `${SEARCH_PREFIX}names`

/** Which terms each bucket has. */
export const TERMS_KEY = `${SEARCH_PREFIX}terms`
