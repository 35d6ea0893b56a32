/**
 * The links of a repository's manifests: deleted ones, which go when they can no longer be undeleted
 * (protocol E5). What goes by rules is in rules.ts.
 *
 * A deleted link stays for whoever finds it to look for a tag that was set since. So it is removed only
 * after the tags were read again, none of which says its digest; one that does makes it plain.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import type { Digest } from '../reference.ts'
import { makePlain, sweepLink } from './link-object.ts'
import { dueAt, isOlder, type Terms } from './terms.ts'
import type { Planned } from './thing.ts'
import type { ListedLink, ListedTag } from './walk.ts'

/** Links read at once. */
const AT_ONCE = 32

/** How a manifest stands. */
export interface RevisionState {
  readonly key: string
  readonly digest: Digest
  /** Where its bytes are. */
  readonly target: Digest
  readonly modified: Date
  readonly state: 'plain' | 'condemned' | 'deleted' | 'damaged'
  /** Set for what is not plain. */
  readonly link?: LinkObject
}

/** Reads what is not plain, and what is under another algorithm's digest; the others need no read. */
export const readRevisions = async (
  store: ObjectStore,
  revisions: readonly ListedLink[],
): Promise<readonly RevisionState[]> => {
  const all = await inBatches(
    revisions,
    async ({ key, digest, modified, plain }): Promise<RevisionState | undefined> => {
      if (plain && digest.startsWith('sha256:'))
        return { key, digest, target: digest, modified, state: 'plain' }
      const link = await readLinkObject(store, key)
      if (link === undefined) return undefined
      const { body } = link
      if (body === undefined)
        return { key, digest, target: digest, modified, state: 'damaged', link }
      const { target, condemned, deletedWithin } = body
      const state =
        condemned !== undefined ? 'condemned' : deletedWithin !== undefined ? 'deleted' : 'plain'
      return { key, digest, target, modified: link.modified, state, link }
    },
    AT_ONCE,
  )
  return all.filter((each) => each !== undefined)
}

/** How long a deleted manifest is kept. */
export const keptFor = ({ grace, undelete }: Terms): number => Math.max(grace, undelete)

/** The digests that tags say, read now. */
export const readTags = async (
  store: ObjectStore,
  tags: readonly ListedTag[],
): Promise<ReadonlyMap<string, Digest>> => {
  const read = await inBatches(tags, ({ key }) => readLinkObject(store, key), AT_ONCE)
  return new Map(
    tags.flatMap(({ tag }, at) => {
      const target = read[at]?.body?.target
      return target === undefined ? [] : [[tag, target] as const]
    }),
  )
}

/** What is to be done with deleted manifests, and which of them are gone for all that they needed. */
export interface RevisionPlan {
  readonly planned: readonly Planned[]
  readonly gone: ReadonlySet<Digest>
  /** When the next of them is to be looked at, in milliseconds. */
  readonly due: number
}

/** Decides about deleted manifests. */
export const planRevisions = async (
  store: ObjectStore,
  terms: Terms,
  repository: string,
  revisions: readonly RevisionState[],
  tags: readonly ListedTag[],
): Promise<RevisionPlan> => {
  const planned: Planned[] = []
  const gone = new Set<Digest>()
  let due = Number.POSITIVE_INFINITY
  const keep = ({ digest }: RevisionState, link: LinkObject, why: string): void => {
    planned.push({
      thing: { step: 'keep-manifest', key: link.key, repository, digest, why },
      carryOut: () => makePlain(store, link),
    })
  }
  const span = keptFor(terms)
  const over = revisions.filter(
    ({ state, modified }) => state === 'deleted' && isOlder(terms, modified, span),
  )
  const tagged = over.length === 0 ? new Map() : await readTags(store, tags)
  const said = new Set(tagged.values())
  for (const each of revisions) {
    const { digest, state, modified, link } = each
    if (link === undefined) continue
    if (state !== 'deleted') continue
    if (said.has(digest)) keep(each, link, 'a tag says it, which was set while it was deleted')
    else if (isOlder(terms, modified, span)) {
      gone.add(digest)
      const why = `deleted ${modified.toISOString()}, too long ago to be undeleted`
      planned.push({
        thing: { step: 'remove-manifest', key: link.key, repository, digest, why },
        carryOut: () => sweepLink(store, link),
      })
    } else due = Math.min(due, dueAt(modified, span))
  }
  return { planned, gone, due }
}
