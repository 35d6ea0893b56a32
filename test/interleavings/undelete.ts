/**
 * An administrator who undoes deletes.
 *
 * @module
 */
import { undelete } from '../../functions/registry/deleted/undelete.ts'
import { RegistryError } from '../../functions/registry/errors.ts'
import type { Digest, Reference } from '../../functions/registry/reference.ts'
import type { Work } from './work.ts'

/** Brings back a tag, or a manifest and its tags. */
export const bringBack =
  (name: string, reference: Reference): Work =>
  async (_, store) => {
    try {
      await undelete(store, name, reference)
      // Not which tags it has set: a delete is one moment for each tag, and those it sets meanwhile may stay.
      return 'back'
    } catch (error) {
      if (error instanceof RegistryError) return error.code
      throw error
    }
  }

/** Brings back a manifest alone, as if no tag were on record: what comes first. */
export const bringBackUntagged =
  (name: string, digest: Digest): Work =>
  (send, store, clock) => {
    const list = async () => ({ objects: [], prefixes: [], truncated: false })
    return bringBack(name, { digest })(send, { ...store, list }, clock)
  }
