/**
 * A store with a copy nearby keeps the contract of all stores, also while the copy never gets anything.
 *
 * @module
 */

import { createReplicaStore } from '../../functions/storage/replica.ts'
import { openFiles } from '../support/rig/stores.ts'
import { storeContract } from './contract.ts'

storeContract(
  'with a copy that never gets anything',
  async () => {
    const [one, other] = await Promise.all([openFiles(), openFiles()])
    const store = createReplicaStore({
      first: one.store,
      near: other.store,
      neverChanges: () => true,
      report: (_, error) => {
        throw error
      },
    })
    return { store, close: async () => void (await Promise.all([one.close(), other.close()])) }
  },
  { presigns: false },
)
