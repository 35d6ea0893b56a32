/**
 * The objects of a registry that is computed from numbers, in the order of their keys.
 *
 * @module
 */

import {
  BLOBS_PREFIX,
  CATALOG_PREFIX,
  catalogKey,
  dataKey,
  layerLinkKey,
  REPOSITORIES_PREFIX,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import { BLOB_SIZE, hasLost, type Numbers } from './shape.ts'

/** An object; its bytes, if anybody reads them, from one on to before another. */
export interface Held {
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly modified: Date
  readonly bytes?: (start?: number, end?: number) => Buffer
}

export type Entry = readonly [key: string, held: Held]

const POOL = `${BLOBS_PREFIX}sha256/`
const NAME = 'team/app-'
const DIGITS = 6

/** When all of it was written. */
const LONG_AGO = new Date(Date.UTC(2026, 0, 1))

export const nameOf = (repository: number): string =>
  NAME + String(repository).padStart(DIGITS, '0')

const etagOf = (hex: string): string => hex.slice(0, 32)

/** A link. */
export const linkTo = (hex: string, modified = LONG_AGO): Held => {
  const bytes = (): Buffer => Buffer.from(`sha256:${hex}`)
  return { size: 71, etag: etagOf(hex), modified, bytes }
}

/** Data; of blobs nobody reads a byte. */
export const dataOf = (hex: string, bytes?: Buffer, modified = LONG_AGO): Held =>
  bytes === undefined
    ? { size: BLOB_SIZE, etag: etagOf(hex), modified }
    : { size: bytes.byteLength, etag: etagOf(hex), modified, bytes: () => bytes }

const MARK: Held = {
  size: 0,
  etag: 'd'.repeat(32),
  modified: LONG_AGO,
  bytes: () => Buffer.alloc(0),
}

/** What comes after a prefix in a key that the listing begins at; nothing, where that is before the prefix. */
const restOf = (bound: string, prefix: string): string =>
  bound.startsWith(prefix) ? bound.slice(prefix.length) : ''

/** Objects that are computed. */
export interface Generated {
  get(key: string): Held | undefined
  /** From a key on, in order; some before it may be among them. */
  from(bound: string): Generator<Entry>
}

/** All objects of a registry. */
export const generate = (numbers: Numbers): Generated => {
  const { shape } = numbers

  const blobOrManifest = (hex: string): Held | undefined => {
    if (numbers.findBlob(hex) !== undefined) return dataOf(hex)
    const place = numbers.manifestFrom(hex)
    if (place === numbers.manifests) return undefined
    const number = numbers.manifestAt(place)
    if (numbers.manifestOf(number) !== hex) return undefined
    return dataOf(hex, numbers.manifestBytes(number))
  }

  function* pool(bound: string): Generator<Entry> {
    const hex = restOf(bound, POOL).slice(3, 3 + 64)
    let blob = numbers.placeFrom(hex)
    let manifest = numbers.manifestFrom(hex)
    while (blob < numbers.blobs || manifest < numbers.manifests) {
      const first = blob < numbers.blobs ? numbers.blobAt(blob) : 'g'
      const number = manifest < numbers.manifests ? numbers.manifestAt(manifest) : undefined
      const second = number === undefined ? 'g' : numbers.manifestOf(number)
      if (first < second || number === undefined) {
        yield [dataKey(`sha256:${first}`), dataOf(first)]
        blob += 1
      } else {
        const bytes = numbers.manifestBytes(number)
        yield [dataKey(`sha256:${second}`), dataOf(second, bytes)]
        manifest += 1
      }
    }
  }

  const repository = (at: number): Entry[] => {
    const name = nameOf(at)
    const blobs = Array.from({ length: shape.images * shape.blobs }, (_, each) =>
      numbers.blobOf(at, each),
    )
    const images = Array.from({ length: shape.images }, (_, image) => image).slice(
      hasLost(at) ? 1 : 0,
    )
    const manifests = images.map((image) => numbers.manifestOf(at * shape.images + image))
    return [
      ...blobs.sort().map((hex): Entry => [layerLinkKey(name, `sha256:${hex}`), linkTo(hex)]),
      ...manifests
        .toSorted()
        .map((hex): Entry => [revisionLinkKey(name, `sha256:${hex}`), linkTo(hex)]),
      ...manifests.map((hex, image): Entry => [tagLinkKey(name, `v${images[image]}`), linkTo(hex)]),
    ]
  }

  const numberIn = (rest: string): number =>
    Number(rest.slice(NAME.length).match(/^\d{6}/)?.[0] ?? 0)

  function* repositories(bound: string): Generator<Entry> {
    const first = numberIn(restOf(bound, REPOSITORIES_PREFIX))
    for (let at = first; at < shape.repositories; at++) yield* repository(at)
  }

  function* marks(bound: string): Generator<Entry> {
    const first = numberIn(restOf(bound, CATALOG_PREFIX))
    for (let at = first; at < shape.repositories; at++) yield [catalogKey(nameOf(at)), MARK]
  }

  const SECTIONS = [
    [POOL, pool],
    [REPOSITORIES_PREFIX, repositories],
    [CATALOG_PREFIX, marks],
  ] as const

  return {
    get(key) {
      if (key.startsWith(POOL)) {
        const hex = key.slice(POOL.length + 3, POOL.length + 3 + 64)
        return key === dataKey(`sha256:${hex}`) ? blobOrManifest(hex) : undefined
      }
      const [prefix] = SECTIONS.slice(1).find(([each]) => key.startsWith(each)) ?? []
      if (prefix === undefined) return undefined
      const at = numberIn(key.slice(prefix.length))
      if (at >= shape.repositories) return undefined
      if (prefix === CATALOG_PREFIX) return key === catalogKey(nameOf(at)) ? MARK : undefined
      return repository(at).find(([each]) => each === key)?.[1]
    },
    *from(bound) {
      for (const [prefix, section] of SECTIONS) {
        // What is after all that a section has leaves it out.
        if (bound > prefix && !bound.startsWith(prefix)) continue
        yield* section(bound)
      }
    },
  }
}
