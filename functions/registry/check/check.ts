/**
 * Walks a store in the order of its keys, and finds what is wrong with it. May run beside pushes, and
 * again: what a push under way explains is looked at again before it counts, and what mends is done by
 * conditional writes and deletes.
 *
 * Memory does not grow with the store: every object is looked at by itself, and what several need is
 * remembered within bounds. So a check can go on after any key.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import type { RequiredChildrenOf } from '../index-children.ts'
import {
  ALIASES_PREFIX,
  BLOBS_PREFIX,
  CATALOG_PREFIX,
  CONDEMNED_PREFIX,
  REFERRERS_PREFIX,
  REPOSITORIES_PREFIX,
  UPLOADS_PREFIX,
} from '../layout.ts'
import { isDigest } from '../reference.ts'
import { inspectData } from './data.ts'
import type { Finding, Found } from './finding.ts'
import { damagedLink, inspectLayer, inspectListed, inspectRevision, inspectTag } from './links.ts'
import { inspectMarker } from './markers.ts'
import { inspectMark, inspectReferrer } from './marks.ts'
import { findLeftovers, inspectMultipart, inspectStaged } from './remains.ts'
import { type View, viewOf } from './view.ts'

export interface CheckOptions {
  /** Whether to mend what can be mended. */
  readonly repair: boolean
  /** Whether to read and hash all data. */
  readonly verify: boolean
  /** Which images of an index must be there. Default: all. */
  readonly requiredChildren?: RequiredChildrenOf | undefined
  /** Only what comes after this key. */
  readonly from?: string | undefined
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Waits as long as a push may take from its first look to its last write. */
  readonly wait: () => Promise<void>
  /** Is told of each finding once; `mended` says what was done. */
  readonly report: (finding: Finding, mended: string | undefined) => void
  /** Is told after which key the check may go on. @returns whether it shall stop */
  readonly progress: (key: string, objects: number) => boolean
}

/** What a check has done. */
export interface Checked {
  readonly objects: number
  readonly found: number
  readonly mended: number
  /** Where to go on, when it was stopped. */
  readonly stoppedAfter: string | undefined
}

/** One kind of object, in one place. */
interface Phase {
  readonly prefix: string
  /** Objects looked at at once. */
  readonly looks: number
  /** Findings mended at once; by default one after another, in the order of their keys. */
  readonly mends?: number
  readonly inspect: (view: View, object: ListedObject) => Promise<Found | undefined>
}

const LAYER = /^(.+)\/_layers\/[a-z0-9]+\/[0-9a-f]+\/link$/
const REVISION = /^(.+)\/_manifests\/revisions\/([a-z0-9]+)\/([0-9a-f]+)\/link$/
const TAG = /^(.+)\/_manifests\/tags\/([^/]+)\/current\/link$/

const inspectRepository = async (view: View, { key }: ListedObject): Promise<Found | undefined> => {
  const path = key.slice(REPOSITORIES_PREFIX.length)
  const [, holder] = LAYER.exec(path) ?? []
  if (holder !== undefined) return inspectLayer(view, key, holder)
  const [, name, algorithm, hex] = REVISION.exec(path) ?? []
  const digest = `${algorithm}:${hex}`
  if (name !== undefined)
    return isDigest(digest) ? inspectRevision(view, key, name, digest) : undefined
  const [, tagged, tag] = TAG.exec(path) ?? []
  return tagged && tag ? inspectTag(view, key, tagged, tag) : undefined
}

/** Name of the repository that a key of a manifest is in. */
const listedName = ({ key }: ListedObject): string | undefined =>
  REVISION.exec(key.slice(REPOSITORIES_PREFIX.length))?.[1]

const phasesOf = ({ verify, now, wait }: CheckOptions): readonly Phase[] => [
  ...(verify
    ? [
        {
          prefix: BLOBS_PREFIX,
          looks: 4,
          inspect: (view: View, { key }: ListedObject) => inspectData(view, key),
        },
      ]
    : []),
  { prefix: REPOSITORIES_PREFIX, looks: 64, inspect: inspectRepository },
  {
    prefix: ALIASES_PREFIX,
    looks: 64,
    inspect: async (view, { key }) => {
      const stored = await view.link(key)
      if (stored?.damage === undefined) return undefined
      return damagedLink(view, key, stored.etag, stored.damage)
    },
  },
  {
    prefix: CATALOG_PREFIX,
    looks: 64,
    // All marks of a page are removed at once, and wait together.
    mends: 1000,
    inspect: (view, object) => inspectMark(view, object, now(), wait),
  },
  {
    prefix: CONDEMNED_PREFIX,
    looks: 64,
    inspect: (view, { key }) => inspectMarker(view, key, now()),
  },
  {
    prefix: REFERRERS_PREFIX,
    looks: 32,
    inspect: (view, { key }) => inspectReferrer(view, key),
  },
  {
    prefix: UPLOADS_PREFIX,
    looks: 64,
    inspect: async ({ store }, object) => inspectStaged(store, object, now()),
  },
]

/**
 * Checks a store.
 *
 * @throws StoreError when the store cannot be read
 */
export const checkStore = async (store: ObjectStore, options: CheckOptions): Promise<Checked> => {
  const { repair, from = '', now, report, progress } = options
  const view = viewOf(store, options.requiredChildren ?? (() => 'all'))
  let [objects, found, mended] = [0, 0, 0]
  const result = (stoppedAfter?: string): Checked => ({ objects, found, mended, stoppedAfter })

  const settle = async (finding: Found): Promise<void> => {
    const done = repair ? await finding.mend?.() : undefined
    // What has changed while it was to be mended is no longer wrong.
    if (repair && finding.mend && done === undefined) return
    const { mend, ...rest } = finding
    found += 1
    if (done !== undefined) mended += 1
    report(rest, done)
  }

  /** What is wrong twice: a push or a delete may have been between two reads. */
  const look = async (inspect: (view: View) => Promise<Found | undefined>) =>
    (await inspect(view)) && inspect(view.again())

  const take = async (
    phase: Phase,
    looks: readonly ((view: View) => Promise<Found | undefined>)[],
  ): Promise<void> => {
    const all = await inBatches(looks, look, phase.looks)
    await inBatches(
      all.filter((each) => each !== undefined),
      settle,
      phase.mends ?? 1,
    )
  }

  let lastListed: string | undefined
  for (const phase of phasesOf(options)) {
    const { prefix, inspect } = phase
    // Phases are in the order of their keys.
    if (from > prefix && !from.startsWith(prefix)) continue
    const after = from.startsWith(prefix) ? from : undefined
    for await (const page of listPages(store, prefix, after)) {
      const looks = page.map((object) => (at: View) => inspect(at, object))
      if (prefix === REPOSITORIES_PREFIX) {
        // The manifests of a repository are next to each other.
        for (const name of page.map(listedName)) {
          if (name === undefined || name === lastListed) continue
          lastListed = name
          looks.push((at) => inspectListed(at, name))
        }
      }
      await take(phase, looks)
      objects += page.length
      const last = page.at(-1)?.key
      if (last !== undefined && progress(last, objects)) return result(last)
    }
  }

  for (const upload of await store.listMultiparts('')) {
    const finding = inspectMultipart(store, upload, now())
    if (finding) await settle(finding)
  }
  for (const finding of await findLeftovers(store, now())) await settle(finding)
  return result()
}
