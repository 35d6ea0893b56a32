/**
 * Goes on with the deletes of whole repositories that nobody has brought to their end, and removes what is noted of
 * those that can no longer be undone.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { tookPlace } from '../../storage/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { DELETED_REPOSITORIES_PREFIX, deletedRepositoryOf } from '../layout.ts'
import { rulesInForce } from '../retention/in-force.ts'
import type { Retention } from '../retention/retention.ts'
import { pendingOf, readNote } from './note.ts'
import { type Passed, passWhole } from './pass.ts'

export interface FinishOptions {
  /** Milliseconds for which deletes can be undone; 0: they are not put on record. */
  readonly undelete: number
  /** Whether to stop, to go on another time. */
  readonly isOver: () => boolean
  /** The rules on tags. Default: those in the store. */
  readonly rules?: (() => Promise<Retention>) | undefined
  /** Clock in milliseconds since 1970. Default: this machine's. */
  readonly now?: (() => number) | undefined
  /** See `PassOptions`. */
  readonly forget?: ((key: string) => Promise<void>) | undefined
  /** Is told of each repository that something was done in. */
  readonly report?: ((name: string, passed: Passed) => void) | undefined
}

/**
 * Goes on with all that is pending. One listing for each 1000 repositories, and a read for each that was deleted.
 *
 * @returns whether nothing is pending any more
 * @throws StoreError when the store fails, DocumentError when the rules on tags cannot be read: what was done is done
 */
export const finishWhole = async (
  store: ObjectStore,
  { undelete, isOver, rules, now = Date.now, forget, report }: FinishOptions,
): Promise<boolean> => {
  let finished = true
  const before = now() - undelete
  for await (const page of listPages(store, DELETED_REPOSITORIES_PREFIX)) {
    const notes = await inBatches(page, async ({ key, modified }) => {
      const name = deletedRepositoryOf(key)
      return name === undefined ? [] : [{ name, key, modified, note: await readNote(store, name) }]
    })
    for (const { name, note } of notes.flat()) {
      if (pendingOf(note) === undefined) continue
      if (isOver()) return false
      const { isImmutable } = await (rules?.() ?? rulesInForce(store))
      const options = { early: false, undeletes: undelete > 0, isImmutable, isOver, now, forget }
      const passed = await passWhole(store, name, await readNote(store, name), options)
      finished &&= !passed.remaining
      report?.(name, passed)
    }
    await inBatches(notes.flat(), async ({ key, modified, note }) => {
      // One that was noted again meanwhile stays.
      if (pendingOf(note) !== undefined || modified.getTime() >= before) return
      if (note.etag !== undefined) await tookPlace(store.deleteIf(key, note.etag))
    })
  }
  return finished
}
