/**
 * Checks tags.
 *
 * @module
 */

import { tookPlace } from '../../storage/errors.ts'
import { condemnLink, isPlain, makePlain, sweepLink } from '../clean-up/link-object.ts'
import { revisionLinkKey } from '../layout.ts'
import { type LinkObject, readLinkObject, writeLink } from '../links.ts'
import type { Digest } from '../reference.ts'
import type { Found } from './finding.ts'
import { inspectLink } from './links.ts'
import type { View } from './view.ts'

interface Tag {
  readonly key: string
  readonly name: string
  readonly tag: string
  readonly digest: Digest
}

/** Whether the manifest that a tag says can be pulled. */
const leads = async (view: View, { name, digest }: Tag): Promise<boolean> => {
  const revision = await view.revisions.find(name, digest)
  return revision !== undefined && (await view.size(revision.target)) !== undefined
}

/** Looks at the link of a tag. */
export const inspectTag = (
  view: View,
  key: string,
  name: string,
  tag: string,
): Promise<Found | undefined> =>
  inspectLink(view, key, name, async ({ target: digest }) => {
    const about = { key, name, tag, digest }
    if (await leads(view, about)) return undefined
    const link = await readLinkObject(view.store, revisionLinkKey(name, digest))
    const deleted = link?.body?.deletedWithin !== undefined
    return {
      kind: 'tag-without-manifest',
      key,
      repository: name,
      digest,
      text: `the tag ${tag} leads to ${digest}, which ${deleted ? 'was deleted' : `${name} does not have`}`,
      mend: () => mend(view, about),
    }
  })

/** Brings the manifest back if its bytes are there, and otherwise takes the tag away. */
const mend = async (view: View, about: Tag): Promise<string | false | undefined> => {
  const { key, name, digest } = about
  const { store } = view
  if (await leads(view.again(), about)) return undefined
  const link = await readLinkObject(store, revisionLinkKey(name, digest))
  const tried = await (link === undefined ? linkAgain(view, about) : bringBack(view, about, link))
  if (tried !== undefined) return tried.done
  const tag = await readLinkObject(store, key)
  return tag?.body?.target === digest ? removeTag(view, about, tag) : undefined
}

/** What was done, as `Found.mend` says it. */
interface Tried {
  readonly done: string | false | undefined
}

/**
 * Links a manifest whose bytes are there: as every writer of links, after a look at the marker, since the clean-up
 * may be about to take them.
 *
 * @returns undefined when the bytes are not there
 */
const linkAgain = async (view: View, { name, digest }: Tag): Promise<Tried | undefined> => {
  const { standing, inTime } = view.standings.look(digest)
  const canonical = digest.startsWith('sha256:')
  const [bytes, stands] = await Promise.all([
    canonical ? view.again().manifest(digest) : undefined,
    canonical ? standing : 'clear',
  ])
  if (bytes === undefined) return undefined
  if (stands !== 'clear') return { done: undefined }
  const condition = { ifNoneMatch: '*' } as const
  const size = bytes.byteLength
  const key = revisionLinkKey(name, digest)
  const linked = await tookPlace(writeLink(view.store, key, digest, { size, condition, inTime }))
  return { done: linked ? 'linked the manifest, whose bytes are there' : undefined }
}

/**
 * Makes a deleted link plain, as the clean-up does with one that a tag says when its time is over (protocol E5). A
 * deleted link keeps its data and what the manifest needs; so nothing but its version has to be as it was read.
 * Whoever deletes the manifest takes its tags away before; so the tag is looked at once more after the link. A damaged
 * link is a finding of its own, and stays.
 *
 * @returns as above
 */
const bringBack = async (view: View, about: Tag, link: LinkObject): Promise<Tried | undefined> => {
  if (link.body === undefined) return { done: false }
  const { target, deletedWithin } = link.body
  if (deletedWithin === undefined) return undefined
  if ((await view.again().manifest(target)) === undefined) return undefined
  const tag = await readLinkObject(view.store, about.key)
  if (tag?.body?.target !== about.digest) return { done: undefined }
  const back = await makePlain(view.store, link)
  return { done: back ? 'brought the manifest back, which had been deleted' : undefined }
}

/**
 * Takes a tag away, beside pushes of the same digest, which do not change its version where versions are sums: the
 * tag is condemned, which makes its version one of its own; then the manifest is looked for; then the tag goes, by
 * that version. A push writes the manifest's link before the tag: one whose tag was overwritten is seen at the look,
 * and the tag is made plain; one that comes later gives the tag another version. Who dies in between leaves a
 * condemned tag, which is read as before.
 */
const removeTag = async (view: View, about: Tag, tag: LinkObject): Promise<string | undefined> => {
  const { store } = view
  if (isPlain(tag) && !(await condemnLink(store, tag))) return undefined
  const condemned = isPlain(tag) ? await readLinkObject(store, about.key) : tag
  if (condemned?.body?.condemned === undefined || condemned.body.target !== about.digest) {
    return undefined
  }
  if (await leads(view.again(), about)) {
    await makePlain(store, condemned)
    return undefined
  }
  return (await sweepLink(store, condemned)) ? 'removed the tag' : undefined
}
