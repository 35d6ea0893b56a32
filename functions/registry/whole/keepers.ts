/**
 * What stays of a repository that is deleted as a whole, since what was pushed meanwhile relies on it.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import { readingNeeds } from '../clean-up/needs.ts'
import { revisionLinkKey, revisionOf, revisionsPrefix } from '../layout.ts'
import { readLinkObject } from '../links.ts'
import { algorithmOf, CANONICAL, type Digest, isDigest } from '../reference.ts'
import { isOld, type Pass } from './step.ts'

/** Manifests read at once. */
const AT_ONCE = 32

/** Tells which manifests stay, as of now. One listing for each 1000, and a read for each that is not as it was. */
export type ReadKeepers = () => Promise<ReadonlySet<Digest>>

/**
 * Tells which manifests are not older than the delete, or have a tag that stays, with all that they name.
 *
 * @param tagged what tags point at that stay
 */
export const readingKeepers = (pass: Pass, tagged: ReadonlySet<Digest>): ReadKeepers => {
  const { store, name, cutoff } = pass
  const needsOf = readingNeeds(store)

  /** Whether a manifest is there and stays. What was written before the delete can only be older. */
  const stays = async (key: string, digest: Digest, modified: Date): Promise<boolean> => {
    if (tagged.has(digest)) return true
    if (modified.getTime() < cutoff) return false
    const link = await readLinkObject(store, key)
    if (link?.body === undefined || link.body.deletedWithin !== undefined) return false
    return !isOld(pass, link)
  }

  /** What its bytes are under. */
  const targetOf = async (digest: Digest): Promise<Digest> => {
    if (algorithmOf(digest) === CANONICAL) return digest
    return (await readLinkObject(store, revisionLinkKey(name, digest)))?.body?.target ?? digest
  }

  return async () => {
    const all = new Set<Digest>()
    let open: Digest[] = []
    for await (const page of listPages(store, revisionsPrefix(name))) {
      const found = await inBatches(page, async ({ key, modified }) => {
        const digest = revisionOf(name, key)
        if (digest === undefined || !isDigest(digest)) return []
        all.add(digest)
        return (await stays(key, digest, modified)) ? [digest] : []
      })
      open.push(...found.flat())
    }
    const keepers = new Set(open)
    while (open.length > 0) {
      const needs = await inBatches(
        open,
        async (digest) => {
          const found = await needsOf(await targetOf(digest))
          return typeof found === 'string' ? [] : found.digests
        },
        AT_ONCE,
      )
      open = [...new Set(needs.flat())].filter((each) => all.has(each) && !keepers.has(each))
      for (const each of open) keepers.add(each)
    }
    return keepers
  }
}
