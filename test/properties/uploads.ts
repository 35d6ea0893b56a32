/**
 * Random interleavings of upload operations, against a model: whatever clients do, every readable
 * blob matches its digest, and every response is a specified one.
 *
 * @module
 */

import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import { createBlobs } from '../../functions/registry/blobs.ts'
import { createPresence } from '../../functions/registry/clean-up/presence.ts'
import { UNGUARDED } from '../../functions/registry/clean-up/standing.ts'
import { unreported } from '../../functions/registry/damage.ts'
import { createHoldings } from '../../functions/registry/held.ts'
import { createRecentLinks } from '../../functions/registry/links.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { createUploadMemory } from '../../functions/registry/uploads/memory.ts'
import { createStateSealer } from '../../functions/registry/uploads/state.ts'
import { createUploads } from '../../functions/registry/uploads/uploads.ts'
import { MIN_PART_SIZE, type ObjectStore } from '../../functions/storage/store.ts'
import { clientOf, type Send } from '../support/rig/client.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { STORES } from '../support/rig/stores.ts'
import { steps, UploadModel } from './upload-model.ts'

const secret = new Uint8Array(32).fill(7)

/** A client of a registry whose parts are as small as stores allow. */
const clientOfSmallParts = (store: ObjectStore): Promise<Send> => {
  const links = createRecentLinks(store, Date.now)
  const holdings = createHoldings(store, links, Date.now, unreported)
  const presence = createPresence(store, holdings, UNGUARDED)
  const blobs = createBlobs(store, links, holdings, presence)
  const sealer = createStateSealer(async () => secret, Date.now)
  const uploads = createUploads({
    store,
    blobs,
    holdings,
    presence,
    sealer,
    partSize: MIN_PART_SIZE,
    now: Date.now,
    memory: createUploadMemory({ limit: 3 * MIN_PART_SIZE, partSize: MIN_PART_SIZE }),
  })
  return clientOf(store, {
    registry: { ...createRegistry({ store, uploadSecret: async () => secret }), blobs, uploads },
  })
}

/** Declares the property for both stores. @param runs how many interleavings are tried on each */
export const interleavings = (runs: number): void => {
  for (const [name, open] of STORES) {
    describe(name, async () => {
      const { store, close } = await open()
      afterAll(close)
      let count = 0

      test('interleavings of uploads', () =>
        fc.assert(
          fc.asyncProperty(steps, async (taken) => {
            const repository = `run/${count++}`
            // Two processes take turns: nothing may depend on what one of them remembers.
            const clients = [await clientOfSmallParts(store), await clientOfSmallParts(store)]
            let turn = 0
            const send: Send = (...args) => (clients[turn++ % 2] as Send)(...args)
            const model = new UploadModel(send, repository)
            for (const step of taken) await model.take(step)
            await model.check()
            await checkStore(store)
            await store.delete((await allObjects(store, 'docker/')).map(({ key }) => key))
          }),
          { numRuns: runs },
        ))
    })
  }
}
