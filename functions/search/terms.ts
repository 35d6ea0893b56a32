/**
 * Terms: what manifests of a bucket can be found by. Of each bucket there is a sorted list of hashes, so that what is
 * looked for is read only where it can be: a hash that is there may be another term's, one that is not is certain.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Steps } from '../shared/turns.ts'
import type { IndexedManifest, Shard } from './indexed.ts'

/** Lengths of prefixes of tags that are terms. */
const PREFIXES = [2, 4, 6]

/** Bytes of a number. */
const SIZE = 4

/** What somebody may look for. */
export type Term =
  | { readonly kind: 'digest'; readonly prefix: string }
  | { readonly kind: 'tag' | 'type' | 'label' | 'annotation'; readonly text: string }
  | { readonly kind: 'tag-prefix'; readonly text: string }

const hash = (kind: string, text: string): number =>
  createHash('sha1').update(`${kind} ${text}`).digest().readUInt32LE(0)

/** The first 32 bits of a digest's hex, filled up with a digit. */
const bitsOf = (hex: string, fill: '0' | 'f'): number =>
  Number.parseInt(hex.slice(0, 8).padEnd(8, fill), 16)

/** A pair of a key and its value as one text; a key alone is one, too. */
export const pairOf = (key: string, value: string): string => `${key}=${value}`

function* textsOf(kind: string, texts: Readonly<Record<string, string>> = {}): Steps<number[]> {
  const all: number[] = []
  for (const [key, value] of Object.entries(texts)) {
    all.push(hash(kind, key), hash(kind, pairOf(key, value)))
    yield
  }
  return all
}

function* ofManifest(manifest: IndexedManifest): Steps<number[]> {
  const { mediaType, artifactType, labels, annotations } = manifest
  return [
    hash('type', mediaType),
    ...(artifactType === undefined ? [] : [hash('type', artifactType)]),
    ...(yield* textsOf('label', labels)),
    ...(yield* textsOf('annotation', annotations)),
  ]
}

const ofTag = (tag: string): number[] => [
  hash('tag', tag),
  ...PREFIXES.flatMap((length) =>
    tag.length < length ? [] : [hash('tag-prefix', tag.slice(0, length))],
  ),
]

const bytesOf = (numbers: ReadonlySet<number>): Buffer => {
  const sorted = Uint32Array.from(numbers).sort()
  const bytes = Buffer.alloc(sorted.length * SIZE)
  for (const [at, each] of sorted.entries()) bytes.writeUInt32LE(each, at * SIZE)
  return bytes
}

/** The terms of a bucket: how many digests there are, their beginnings, and the hashes of the rest, all in order. */
export function* termsOf(shard: Shard): Steps<Buffer> {
  const digests = new Set<number>()
  const hashes = new Set<number>()
  for (const { tags, manifests } of shard.values()) {
    for (const manifest of manifests.values()) {
      digests.add(bitsOf(manifest.digest.replace(/^.*:/, ''), '0'))
      for (const each of yield* ofManifest(manifest)) hashes.add(each)
    }
    for (const tag of tags.keys()) {
      for (const each of ofTag(tag)) hashes.add(each)
      yield
    }
  }
  const head = Buffer.alloc(SIZE)
  head.writeUInt32LE(digests.size)
  return Buffer.concat([head, bytesOf(digests), bytesOf(hashes)])
}

/** Where the digests of a bucket end. */
const endOf = (terms: Buffer): number =>
  terms.length < SIZE ? 0 : SIZE + terms.readUInt32LE(0) * SIZE

/** The longest beginning that is a term. */
const prefixOf = (text: string): string | undefined => {
  const length = PREFIXES.findLast((each) => each <= text.length)
  return length === undefined ? undefined : text.slice(0, length)
}

/** Whether one of these numbers is at least `from` and at most `to`. */
const hasBetween = (numbers: Buffer, from: number, to: number): boolean => {
  let [low, high] = [0, numbers.length / SIZE]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers.readUInt32LE(middle * SIZE) < from) low = middle + 1
    else high = middle
  }
  return low < numbers.length / SIZE && numbers.readUInt32LE(low * SIZE) <= to
}

/** Makes what says whether a bucket with these terms may have one. No is certain. */
export const lookFor = (term: Term): ((terms: Buffer) => boolean) => {
  if (term.kind === 'digest') {
    const [from, to] = [bitsOf(term.prefix, '0'), bitsOf(term.prefix, 'f')]
    return (terms) => hasBetween(terms.subarray(SIZE, endOf(terms)), from, to)
  }
  const prefix = term.kind === 'tag-prefix' ? prefixOf(term.text) : term.text
  // Of a shorter one nobody knows.
  if (prefix === undefined) return (terms) => terms.length > SIZE
  const one = hash(term.kind, prefix)
  return (terms) => hasBetween(terms.subarray(endOf(terms)), one, one)
}
