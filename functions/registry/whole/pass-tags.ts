/**
 * The tags that go with their whole repository: see pass.ts.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { tookPlace } from '../../storage/errors.ts'
import { sweepLink } from '../clean-up/link-object.ts'
import { revisionLinkKey } from '../layout.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import type { Digest } from '../reference.ts'
import { type TagLink, tagLinks } from '../tag-links.ts'
import { batchesOf, condemn, condemnedAfter, isOld, mayBePushed, type Pass, spare } from './step.ts'

/** A tag that is about to go. */
interface Going {
  readonly tag: TagLink
  readonly link: LinkObject
  readonly digest: Digest
}

/** Takes away what nobody can read as a tag. */
const removeDamaged = async ({ store, cutoff }: Pass, tag: TagLink, link: LinkObject) => {
  if (link.modified.getTime() >= cutoff) return
  await store.delete([...tag.past])
  await tookPlace(store.deleteIf(link.key, link.etag, { once: true }))
}

/** The first two steps of a tag. @returns undefined: it stays, or is gone */
const prepare = async (
  pass: Pass,
  tag: TagLink,
  staying: (digest: Digest) => void,
): Promise<Going | undefined> => {
  const { store, name, whole, isImmutable } = pass
  const found = await readLinkObject(store, tag.key)
  if (found === undefined) return undefined
  if (found.body === undefined) {
    await removeDamaged(pass, tag, found)
    return undefined
  }
  const { target: digest } = found.body
  const frozen = !whole.override && isImmutable(name, tag.tag)
  const link = !frozen && isOld(pass, found) ? await condemn(pass, found) : undefined
  if (link === undefined) {
    staying(digest)
    return undefined
  }
  const manifest = await readLinkObject(store, revisionLinkKey(name, digest))
  const deleted = manifest?.body?.deletedWithin !== undefined
  if (!deleted && mayBePushed(pass, manifest?.modified, condemnedAfter(link))) {
    await spare(pass, link)
    staying(digest)
    return undefined
  }
  return { tag, link, digest }
}

/** The last step of a batch. */
const remove = async ({ store, record }: Pass, batch: readonly Going[]): Promise<void> => {
  const byDigest = Map.groupBy(batch, ({ digest }) => digest)
  await inBatches([...byDigest], ([digest, tags]) =>
    record.manifest(
      digest,
      tags.map(({ tag }) => tag.tag),
    ),
  )
  await inBatches(batch, async ({ tag, link }) => {
    if (tag.past.length > 0) await store.delete(tag.past)
    await sweepLink(store, link)
  })
}

/**
 * Takes all tags away that were set before the delete.
 *
 * @returns what those that stay point at; or that it was to stop
 */
export const passTags = async (pass: Pass): Promise<ReadonlySet<Digest> | 'stopped'> => {
  const { store, name, isOver, goesOn } = pass
  const staying = new Set<Digest>()
  /** @returns false when it is to stop */
  const take = async (tags: readonly TagLink[]): Promise<boolean> => {
    const prepared = await inBatches(tags, (tag) => prepare(pass, tag, (each) => staying.add(each)))
    const batch = prepared.filter((each) => each !== undefined)
    if (batch.length === 0) return true
    const on = await goesOn()
    if (on) await remove(pass, batch)
    else await inBatches(batch, ({ link }) => spare(pass, link))
    return on
  }
  for await (const page of tagLinks(store, name)) {
    for (const tags of batchesOf(page)) {
      if (isOver() || !(await take(tags))) return 'stopped'
    }
  }
  return staying
}
