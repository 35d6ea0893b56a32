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
import type { ObjectStore } from '../../storage/store.ts'
import { TIMES } from '../clean-up/terms.ts'
import type { RequiredChildrenOf } from '../index-children.ts'
import { REPOSITORIES_PREFIX } from '../layout.ts'
import type { Finding, Found } from './finding.ts'
import { inspectListed } from './links.ts'
import { listedName, type Phase, phasesOf } from './phases.ts'
import { findLeftovers, inspectMultipart } from './remains.ts'
import { type CheckTimes, type View, viewOf } from './view.ts'

export interface CheckOptions {
  /** Whether to mend what can be mended. */
  readonly repair: boolean
  /** Whether to read and hash all data. */
  readonly verify: boolean
  /** Which images of an index must be there. Default: all. */
  readonly requiredChildren?: RequiredChildrenOf | undefined
  /** Which repositories are copies of other registries'. Default: none. */
  readonly isCopy?: ((name: string) => boolean) | undefined
  /** Times that the servers and clean-ups of this store go by. Default: those of every host. */
  readonly times?: CheckTimes | undefined
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

/**
 * Checks a store.
 *
 * @throws StoreError when the store cannot be read
 */
export const checkStore = async (store: ObjectStore, options: CheckOptions): Promise<Checked> => {
  const { repair, from = '', now, report, progress } = options
  const { requiredChildren = () => 'all', isCopy = () => false, times = TIMES } = options
  const view = viewOf(store, { now, times, requiredChildren, isCopy })
  let [objects, found, mended] = [0, 0, 0]
  const result = (stoppedAfter?: string): Checked => ({ objects, found, mended, stoppedAfter })

  const settle = async (finding: Found): Promise<void> => {
    const done = repair ? await finding.mend?.() : undefined
    // What has changed while it was to be mended is no longer wrong.
    if (repair && finding.mend && done === undefined) return
    const { mend, ...rest } = finding
    found += 1
    if (done) mended += 1
    report(rest, done || undefined)
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
