/**
 * Deletes in a store, as commands work with them.
 *
 * @module
 */

import { unreported } from '../../registry/damage.ts'
import { listDeletions } from '../../registry/deleted/deletions.ts'
import { areThere } from '../../registry/deleted/there.ts'
import { undelete } from '../../registry/deleted/undelete.ts'
import { createRegistry } from '../../registry/registry.ts'
import { rulesInForce } from '../../registry/retention/in-force.ts'
import { type DeletedRepository, listAllWhole, listWhole } from '../../registry/whole/list.ts'
import { undeleteWhole } from '../../registry/whole/undelete.ts'
import type { StoreIo } from '../command.ts'
import { recorded, recorderFor } from '../record-events.ts'
import type { DeletesIo, DeletesOf } from './deletes-io.ts'

/** Deletes in a store. @param days for which they can be undone */
export const inStore = (io: StoreIo, days: number): DeletesIo => {
  const { store } = io
  const withDeletions = async ({ name, deletes }: DeletedRepository): Promise<DeletesOf> => ({
    name,
    whole: deletes,
    deletions: await listDeletions(store, name),
    areThere: (some) => areThere(store, name, some),
  })
  return {
    ...io,
    async *allWhole() {
      for await (const each of listAllWhole(store)) yield withDeletions(each)
    },
    deletesOf: async (name) => withDeletions(await listWhole(store, name)),
    undelete: (name, reference) =>
      recorded(io, store, name, (recording) =>
        undelete(store, name, reference, unreported, io.now, recording),
      ),
    undeleteWhole: (name) =>
      recorded(io, store, name, (recording) =>
        undeleteWhole(store, name, unreported, io.now, recording),
      ),
    async removeWhole(name, override) {
      const registry = createRegistry({
        store,
        uploadSecret: async () => new Uint8Array(32),
        undeletes: days > 0,
        rules: () => rulesInForce(store),
        events: recorderFor(io, store),
      })
      const origin = { actor: io.user() }
      const options = { by: 'the command line', override, isOver: () => false, origin }
      return { ...(await registry.removeWhole(name, options)), days }
    },
  }
}
