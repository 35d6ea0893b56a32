/**
 * Events in a store, as commands work with them.
 *
 * @module
 */

import { listDead, listEnded, listWaiting, resendDead, revive } from '../../events/dead-letters.ts'
import { shownDead, shownWaiting } from '../../events/shown.ts'
import type { StoreIo } from '../command.ts'
import { inStore as documentsInStore } from './documents-in-store.ts'
import type { EventsIo } from './events-io.ts'

/** Events in a store. */
export const inStore = (io: StoreIo): EventsIo => {
  const { store } = io
  return {
    ...documentsInStore(io),
    async *dead() {
      for await (const letter of listDead(store)) yield shownDead(letter)
    },
    async *waiting() {
      for await (const delivery of listWaiting(store)) yield shownWaiting(delivery)
    },
    ended: () => listEnded(store),
    revive: (names) => revive(store, names),
    resend: (ids) => resendDead(store, ids),
  }
}
