/**
 * Revision links: which manifests a repository has.
 *
 * A push writes the link, then the tag. A delete beside it could see no tag yet, and take the link
 * away under a tag that is set a moment later. So a deleted link stays, and says since when it is
 * deleted; whoever finds it looks for a tag that was set since and says the same digest. If there is
 * one, the manifest is there.
 *
 * Invariants, whoever dies where:
 * - A tag is set only after the link was written. So a tag always leads to a manifest: its link is
 *   plain, or it was deleted before the tag was set, and the tag itself tells.
 * - A delete looks through all tags before it writes the deleted link, by a condition on the version
 *   that it read first. So it takes back no link that was written again under another version.
 *
 * A delete is one moment for each tag, not for all tags of a manifest together: of two that are set
 * during it, the later may go and the earlier stay.
 *
 * Distribution takes a deleted link for a damaged one, and answers with an error where it would say
 * 404.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { settled } from '../shared/parallel.ts'
import { tookPlace } from '../storage/errors.ts'
import type { ObjectStore, PutOptions } from '../storage/store.ts'
import type { ReportDamage } from './damage.ts'
import { revisionLinkKey } from './layout.ts'
import {
  type DeletedLink,
  deletedLinkBody,
  isCondemned,
  type RecentLink,
  type RecentLinks,
  readStoredLink,
} from './links.ts'
import type { Digest } from './reference.ts'
import type { Tags } from './tags.ts'

export interface Revisions {
  /** The link of a manifest that is there. One operation, and only for a deleted one more. */
  find(name: string, digest: Digest): Promise<RecentLink | undefined>
  /**
   * The same; a condemned link is made plain, and so is a deleted one that a tag keeps: then it no longer
   * needs the tag.
   */
  keep(name: string, digest: Digest): Promise<RecentLink | undefined>
  /**
   * Links a manifest that is complete and verified. One operation.
   *
   * @param inTime see `PutOptions`
   */
  write(
    name: string,
    digest: Digest,
    target: Digest,
    size: number,
    inTime?: PutOptions['inTime'],
  ): Promise<void>
  /**
   * Deletes a manifest, and each tag that points at it.
   *
   * @param before work to be done before the manifest is gone, given where its data is
   * @param beforeTags work to be done before tags are gone, given some of them each time
   * @returns false when there is no such manifest
   */
  remove(
    name: string,
    digest: Digest,
    before: (target: Digest) => Promise<void>,
    beforeTags: (tags: readonly string[]) => Promise<void>,
  ): Promise<boolean>
}

/** The revisions of a store. */
export const createRevisions = (
  store: ObjectStore,
  links: RecentLinks,
  tags: Pick<Tags, 'pointsAt' | 'removePointingAt'>,
  report: ReportDamage,
): Revisions => {
  const isKept = (name: string, digest: Digest, { since }: DeletedLink): Promise<boolean> =>
    tags.pointsAt(name, digest, since)

  const find: Revisions['find'] = async (name, digest) => {
    const found = await links.look(revisionLinkKey(name, digest))
    if (found === undefined || !('since' in found)) return found
    return (await isKept(name, digest, found)) ? found : undefined
  }

  return {
    find,

    async keep(name, digest) {
      const key = revisionLinkKey(name, digest)
      for (;;) {
        const found = await links.look(key)
        if (found === undefined) return undefined
        if ('since' in found) {
          if (!(await isKept(name, digest, found))) return undefined
        } else if (!isCondemned(found)) return found
        // If it was pushed again, deleted again or swept, the next look tells.
        const condition = { ifMatch: found.etag }
        await tookPlace(links.write(key, found.target, found.size, { condition }))
      }
    },

    write: (name, digest, target, size, inTime) =>
      links.write(revisionLinkKey(name, digest), target, size, { inTime }),

    async remove(name, digest, before, beforeTags) {
      const key = revisionLinkKey(name, digest)
      const start = performance.now()
      let stored = await readStoredLink(store, key, report)
      if (stored?.deleted && !(await isKept(name, digest, stored.deleted))) return false
      if (stored === undefined) return false
      const target = stored.link?.target ?? stored.deleted?.target ?? digest
      await settled([tags.removePointingAt(name, digest, beforeTags), before(target)])
      const nonce = randomBytes(8).toString('hex')
      try {
        for (;;) {
          const body = deletedLinkBody(target, nonce, { took: performance.now() - start })
          const condition = { ifMatch: stored.etag }
          if (await tookPlace(store.put(key, body, { condition }))) return true
          stored = await readStoredLink(store, key, report)
          // Another request deleted it first.
          if (stored === undefined || stored.deleted) return false
        }
      } finally {
        await links.forget(key)
      }
    },
  }
}
