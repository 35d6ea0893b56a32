/**
 * Does what the delete of a whole repository has noted: takes away each tag and each manifest that was there before.
 *
 * Pushes go on meanwhile, and what they write must stay, also where it is the same once more: a plain link has the
 * same version then. So each link goes in three steps, in batches:
 *
 * 1. It is condemned, by the version that was read: its bytes have a nonce now. Readers take it for the link that it
 *    is. Whoever pushes it, or takes in an index that names it, makes it plain.
 * 2. What every push writes before the link is looked at: the manifest's link before a tag, its bytes before that
 *    link. If that is of later than the delete, a push may have written the link between the read and the first
 *    step; then the link is made plain again, and stays. Not so before the delete is acknowledged: such a push is
 *    beside it, and may go with it. Then the note is read again: if somebody has undone the delete, all of the batch
 *    is made plain.
 * 3. It is put on record, and goes by the version of the first step.
 *
 * An undelete ends the note first, and then makes plain what is condemned. So what goes by the third step has been
 * condemned before, and is found; or its version has changed, and it does not go. Whoever dies leaves condemned
 * links, which say when they had been written, and the note: the next pass goes on.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { dateOf } from '../clean-up/terms.ts'
import { noteDeletion, UNNOTED } from '../deleted/note.ts'
import {
  cutoffOf,
  endPending,
  pendingOf,
  readNote,
  type WholeDelete,
  type WholeNote,
} from './note.ts'
import { passManifests } from './pass-manifests.ts'
import { passTags } from './pass-tags.ts'
import type { Pass, PassOptions } from './step.ts'

/** How far a pass has come. */
export interface Passed {
  /** Manifests that went. */
  readonly deleted: number
  /** Whether there may be more to do. */
  readonly remaining: boolean
}

const NOTHING: Passed = { deleted: 0, remaining: false }

const begin = async (
  store: ObjectStore,
  name: string,
  whole: WholeDelete,
  options: PassOptions,
): Promise<Pass> => {
  const { undeletes, now } = options
  return {
    ...options,
    store,
    name,
    whole,
    cutoff: cutoffOf(whole),
    // Nothing early asks for it; and a registry may not write where it is asked.
    date: options.early ? whole.at : await dateOf(store),
    record: undeletes ? noteDeletion(store, name, whole.by, now(), undefined, whole.id) : UNNOTED,
    goesOn: async () => pendingOf(await readNote(store, name))?.id === whole.id,
  }
}

/**
 * Goes through a repository of which a delete is pending, and says that it is done if nothing is left.
 *
 * @param note as it was read
 */
export const passWhole = async (
  store: ObjectStore,
  name: string,
  note: WholeNote,
  options: PassOptions,
): Promise<Passed> => {
  const whole = pendingOf(note)
  if (whole === undefined) return NOTHING
  const pass = await begin(store, name, whole, options)
  const tags = await passTags(pass)
  const { deleted, left } =
    tags === 'stopped' ? { deleted: 0, left: true } : await passManifests(pass, tags)
  if (!left && (await endPending(store, name, note))) return { deleted, remaining: false }
  // It may have been undone meanwhile, or noted again.
  return { deleted, remaining: pendingOf(await readNote(store, name)) !== undefined }
}
