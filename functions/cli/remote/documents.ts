/**
 * Documents of a registry, as commands work with them.
 *
 * @module
 */

import { readGroups } from '../../auth/accounts/administer/groups.ts'
import { editDocument } from '../../auth/document.ts'
import { notesBeside } from '../../auth/policy/notes.ts'
import * as z from '../../shared/schema.ts'
import type { DocumentIo } from '../ways/document-io.ts'
import { documentsOf } from './document-store.ts'
import type { RegistryIo } from './registry-io.ts'
import { robotsOf } from './robots.ts'
import { usersOf } from './users.ts'

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
    policyNotes: (policy) =>
      notesBeside(policy, async (kind) => {
        if (kind === 'user') return new Set((await usersOf(registry).users()).names)
        if (kind === 'robot') return new Set((await robotsOf(registry).robots()).keys())
        return new Set((await readGroups(store)).keys())
      }),
  }
}
