/**
 * Changes of documents, each noted with who makes it and told to those who want to hear of it.
 *
 * @module
 */

import type { Recording } from '../registry/happened.ts'
import { isStoreError } from '../storage/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { noteChange } from './changes.ts'
import { type Edit, editDocument } from './document.ts'

export interface NotedEditOptions {
  readonly store: ObjectStore
  /** Who makes the changes. */
  readonly by: string
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Begins the event of a change. Default: there is none. */
  readonly begin?: (() => Recording) | undefined
  /** Is told that a change cannot be noted: it is made all the same. */
  readonly unnoted: (error: unknown, key: string) => void
}

/** Changes documents as `editDocument` does, notes who did so, and leaves one event for each change. */
export const notedEdit = ({ store, by, now, begin, unnoted }: NotedEditOptions): Edit =>
  async function edit(key, change) {
    const recording = begin?.()
    const document = key.slice(key.lastIndexOf('/') + 1)
    let event: Promise<void> | undefined
    let isTried = false
    const look = (text: string | undefined): string | undefined => {
      // What was tried before this was refused.
      isTried = false
      return change(text)
    }
    const edited = await editDocument(store, key, look, async (text) => {
      // What must be changed is changed, whether that can be noted or not.
      await noteChange(store, key, text, by, now()).catch((error: unknown) => unnoted(error, key))
      // Before each attempt, but one event for all of them.
      event ??= recording?.write({ action: 'policy', facts: { document } })
      await event
      isTried = true
    }).catch(async (error: unknown) => {
      // Where the store failed, it may have been written.
      if (!isTried || isStoreError(error, 'precondition')) await recording?.withdraw()
      throw error
    })
    if (edited) recording?.done()
    else await recording?.withdraw()
    return edited
  }
