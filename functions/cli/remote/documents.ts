/**
 * Documents of a registry, as commands work with them.
 *
 * @module
 */

import { editDocument } from '../../auth/document.ts'
import * as z from '../../shared/schema.ts'
import type { DocumentIo } from '../ways/document-io.ts'
import { documentsOf } from './document-store.ts'
import type { RegistryIo } from './registry-io.ts'

const changes = z.object({
  changes: z.array(
    z.object({ at: z.string(), document: z.string(), by: z.string(), sha256: z.string() }),
  ),
})

/** Documents of a registry, which itself notes who changes them. */
export const fromAfar = (io: RegistryIo): DocumentIo => {
  const { registry } = io
  const store = documentsOf(registry)
  return {
    ...io,
    store,
    edit: (key, change) => editDocument(store, key, change),
    changes: async () => (await registry.json('changes', changes)).changes,
    // Where there is an edge, the registry refuses the policy: the store's side has to tell it.
    keepInStep: (_, write) => write(),
    policyNotes: async () => [],
  }
}
