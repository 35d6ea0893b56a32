/**
 * The objects of a registry that is computed, and what was written and deleted since.
 *
 * @module
 */

import {
  dataKey,
  layerLinkKey,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import { dataOf, type Entry, generate, type Held, linkTo, nameOf } from './generated.ts'
import { isPushedTo, manifestWith, type Numbers, openNumbers, type Shape, sha256 } from './shape.ts'

/** All there is. */
export interface World {
  get(key: string): Held | undefined
  put(key: string, held: Held): void
  delete(key: string): void
  /** Up to so many objects with a prefix, after a key. */
  list(prefix: string, after: string, limit: number): { entries: Entry[]; truncated: boolean }
  /** Pushes an image to one of a hundred repositories. @returns links that are written */
  push(modified: Date): number
}

/** Opens the world of a registry. */
export const openWorld = (shape: Shape): World => openWorldOf(openNumbers(shape))

/** Opens the world of a registry that is computed already. */
export const openWorldOf = (numbers: Numbers): World => {
  const { shape } = numbers
  const generated = generate(numbers)
  /** What was written, and undefined for what was deleted. */
  const changed = new Map<string, Held | undefined>()
  let sorted: string[] | undefined

  const change = (key: string, held: Held | undefined): void => {
    if (!changed.has(key)) sorted?.splice(seek(sorted, key), 0, key)
    changed.set(key, held)
  }

  const pushTo = (repository: number, modified: Date): void => {
    const name = nameOf(repository)
    const blobs = Array.from({ length: shape.blobs }, (_, at) =>
      sha256(Buffer.from(`${name} ${at} ${modified.getTime()}`)).toString('hex'),
    )
    const bytes = manifestWith(name, blobs)
    const manifest = sha256(bytes).toString('hex')
    for (const hex of blobs) {
      change(dataKey(`sha256:${hex}`), dataOf(hex, undefined, modified))
      change(layerLinkKey(name, `sha256:${hex}`), linkTo(hex, modified))
    }
    change(dataKey(`sha256:${manifest}`), dataOf(manifest, bytes, modified))
    change(revisionLinkKey(name, `sha256:${manifest}`), linkTo(manifest, modified))
    change(tagLinkKey(name, 'pushed'), linkTo(manifest, modified))
  }

  return {
    get: (key) => (changed.has(key) ? changed.get(key) : generated.get(key)),
    put: change,
    delete: (key) => change(key, undefined),
    list(prefix, after, limit) {
      sorted ??= [...changed.keys()].sort()
      const bound = after > prefix ? after : prefix
      const there = generated.from(bound)
      let next = there.next()
      let at = seek(sorted, bound)
      const entries: Entry[] = []
      for (;;) {
        const own = sorted[at]
        const [theirs] = next.done ? [] : next.value
        if (own === undefined && theirs === undefined) return { entries, truncated: false }
        const ours = own !== undefined && (theirs === undefined || own <= theirs)
        const key = ours ? own : theirs!
        const held = ours ? changed.get(key) : next.value![1]
        if (ours) at += 1
        if (theirs === key) next = there.next()
        if (key <= after || held === undefined || key < prefix) continue
        if (!key.startsWith(prefix)) return { entries, truncated: false }
        if (entries.length === limit) return { entries, truncated: true }
        entries.push([key, held])
      }
    },
    push(modified) {
      sorted = undefined
      let links = 0
      for (let at = 0; at < shape.repositories; at++) {
        if (!isPushedTo(at)) continue
        pushTo(at, modified)
        links += shape.blobs + 1
      }
      return links
    },
  }
}

/** Index of the first of the sorted keys that is not before a bound. */
const seek = (keys: readonly string[], bound: string): number => {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
