/**
 * The pool of data beside the links of a walk and the markers, all three in the order of digests: none of
 * them is in memory as a whole.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import { BLOBS_PREFIX, CONDEMNED_PREFIX, dataKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import type { NumberedLink } from '../usage/tally.ts'
import { type DataState, readStoredMarker } from './data.ts'
import type { KnownMarkers } from './known-markers.ts'
import type { LinkedDigests } from './link-runs.ts'

const DATA_PREFIX = `${BLOBS_PREFIX}sha256/`
const MARKER_PREFIX = `${CONDEMNED_PREFIX}sha256/`
const DATA = /^[0-9a-f]{2}\/([0-9a-f]{64})\/data$/
const MARKER = /^([0-9a-f]{64})$/

/** Markers read at once. */
const AT_ONCE = 32

/** After all digests. */
const END = 'g'

/** What there is of a digest, and which repositories link it, a link each. */
export interface Pooled extends DataState {
  readonly links: readonly NumberedLink[]
}

interface Found {
  readonly hex: string
  readonly object: ListedObject
}

/** Objects of a listing by digest, in order, a page at a time. */
const listing = (
  store: ObjectStore,
  prefix: string,
  pattern: RegExp,
  after: string | undefined,
) => {
  const pages = listPages(store, prefix, after)
  let page: readonly Found[] = []
  let ended = false
  const more = async (): Promise<void> => {
    const next = await pages.next()
    ended = next.done === true
    page = (next.value ?? []).flatMap((object: ListedObject) => {
      const [, hex] = pattern.exec(object.key.slice(prefix.length)) ?? []
      return hex === undefined ? [] : [{ hex, object }]
    })
  }
  return {
    /** The digest up to which all is known that there is. */
    async end(): Promise<string> {
      while (!ended && page.length === 0) await more()
      return page.at(-1)?.hex ?? END
    },
    /** What there is up to a digest that is not beyond {@link end}. */
    upTo(end: string): readonly Found[] {
      const cut = page.findIndex(({ hex }) => hex > end)
      const found = cut === -1 ? page : page.slice(0, cut)
      page = cut === -1 ? [] : page.slice(cut)
      return found
    },
  }
}

/**
 * All digests of which there is data or a marker, in order; a listing for each 1000 of either, and a read
 * for each marker that is not known.
 *
 * @param links those of the digests from there on
 * @param known markers that earlier runs have read
 * @param after only digests after this one, in hex
 */
export async function* walkPool(
  store: ObjectStore,
  links: LinkedDigests,
  known: Pick<KnownMarkers, 'find'>,
  after?: string,
): AsyncGenerator<readonly Pooled[]> {
  const start = after && dataKey(`sha256:${after}`)
  const data = listing(store, DATA_PREFIX, DATA, start)
  const markers = listing(store, MARKER_PREFIX, MARKER, after && MARKER_PREFIX + after)
  for (;;) {
    const [end = END] = [await data.end(), await markers.end()].sort()
    if (end === END) return
    const there = new Map(data.upTo(end).map(({ hex, object }) => [hex, object]))
    const listed = markers.upTo(end)
    const marked = new Set(listed.map(({ hex }) => hex))
    const read = await known.find(listed)
    const linked = await links.upTo(end)
    const all = [...new Set([...there.keys(), ...marked])].sort()
    yield await inBatches(
      all,
      async (hex): Promise<Pooled> => {
        const digest: Digest = `sha256:${hex}`
        const found = linked.get(hex) ?? []
        const stored = marked.has(hex)
          ? (read.get(hex) ?? (await readStoredMarker(store, digest)))
          : undefined
        return { digest, data: there.get(hex), linked: found.length > 0, stored, links: found }
      },
      AT_ONCE,
    )
  }
}
