/**
 * What manifests need. More leniently than any reader: whatever names a digest is needed. So nothing is
 * lost of what another registry or an older version of this one has taken in.
 *
 * @module
 */

import { cached } from '../../shared/cached.ts'
import { inOneTurn } from '../../shared/turns.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { dataKey } from '../layout.ts'
import { MAX_MANIFEST_BYTES } from '../manifests.ts'
import { algorithmOf, type Digest, digestOf, isDigest } from '../reference.ts'

/** What a manifest's bytes say. */
export interface Needs {
  /** Digests of blobs, of manifests, and of what may be either. */
  readonly digests: readonly Digest[]
  /** Bytes of each of them, in the same order, as the manifest says; 0 where it does not. */
  readonly sizes: readonly number[]
  /** What it refers to, which need not be there. */
  readonly subject: Digest | undefined
  /** Bytes of the manifest. */
  readonly size: number
}

/** Fields that name content: of descriptors, and of the layers of schema 1. */
const FIELDS = new Set(['digest', 'blobSum'])

const sizeIn = (descriptor: object): number => {
  const { size } = descriptor as { readonly size?: unknown }
  return typeof size === 'number' && Number.isSafeInteger(size) && size > 0 ? size : 0
}

/** Collects from a parsed document, without recursion: it may be nested deeply. */
const collect = (document: unknown, found: Map<Digest, number>): void => {
  const left: unknown[] = [document]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [name, each] of Object.entries(value)) {
      if (typeof each === 'string') {
        if (FIELDS.has(name) && isDigest(each)) {
          found.set(each, Math.max(found.get(each) ?? 0, sizeIn(value)))
        }
      } else left.push(each)
    }
  }
}

/** Reads what a manifest needs. @returns undefined when it is not JSON: then nobody knows */
export const needsOf = (bytes: Uint8Array): Needs | undefined => {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  const { subject, ...rest } = document as { readonly subject?: { readonly digest?: unknown } }
  const found = new Map<Digest, number>()
  collect(rest, found)
  const of = subject?.digest
  return {
    digests: [...found.keys()],
    sizes: [...found.values()],
    subject: typeof of === 'string' && isDigest(of) ? of : undefined,
    size: bytes.byteLength,
  }
}

/** Why nobody knows what a manifest needs. */
export type Unknown = 'missing' | 'unreadable'

/** Reads what manifests need. */
export type ReadNeeds = (target: Digest) => Promise<Needs | Unknown>

/** Digests that are remembered, over all manifests: some megabytes. */
const CAPACITY = 50_000

/** Reads manifests of a store, one operation each; what they need is remembered within bounds. */
export const readingNeeds = (store: ObjectStore): ReadNeeds => {
  const read = async (target: Digest): Promise<Needs | Unknown | undefined> => {
    const object = await store.get(dataKey(target))
    if (object === undefined) return undefined
    if (object.info.size > MAX_MANIFEST_BYTES) {
      discard(object.body)
      return 'unreadable'
    }
    const bytes = await readAll(object.body, MAX_MANIFEST_BYTES)
    const is = await inOneTurn(() => digestOf(bytes, algorithmOf(target)))
    // Of bytes that are not its own, nobody knows what they were.
    if (is !== target) return 'unreadable'
    return (await inOneTurn(() => needsOf(bytes))) ?? 'unreadable'
  }
  const known = cached(read, {
    capacity: CAPACITY,
    sizeOf: (value) => (typeof value === 'object' ? value.digests.length + 1 : 1),
  })
  return async (target) => (await known.get(target)) ?? 'missing'
}
