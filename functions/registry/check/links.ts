/**
 * Checks links, and what the manifests behind them need.
 *
 * @module
 */

import { neededBy } from '../index-children.ts'
import { catalogKey, dataKey, layerLinkKey, referrerKey, revisionLinkKey } from '../layout.ts'
import type { Link } from '../links.ts'
import { type Manifest, parseStoredManifest } from '../manifest.ts'
import { isManifestType } from '../media-types.ts'
import type { Digest } from '../reference.ts'
import { prepareReferrer, referrerOf } from '../referrer-entry.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** A damaged link, which is taken away so that its place is free. */
export const damagedLink = (
  view: View,
  key: string,
  etag: string,
  damage: string,
  repository?: string,
): Found => ({
  kind: 'damaged-link',
  key,
  repository,
  text: `the link ${damage}`,
  mend: async () =>
    (await view.remove(key, etag)) ? 'removed it: a push writes it again' : undefined,
})

/** What is wrong with the data that a link leads to. */
const aboutData = async (
  view: View,
  key: string,
  repository: string,
  { target, size: recorded }: { readonly target: Digest; readonly size: number | undefined },
): Promise<Found | undefined> => {
  const about = { key, repository, digest: target }
  const size = await view.size(target)
  if (size === undefined) {
    const text = `the data ${target} is not there: the next push to ${repository} brings it back`
    return { ...about, kind: 'link-without-data', text }
  }
  if (view.wrong.has(target)) {
    const text = `the bytes of ${target} do not have this digest`
    return { ...about, kind: 'link-to-wrong-data', text }
  }
  if (recorded === undefined || recorded === size) return undefined
  const text = `the data ${target} has ${size} bytes, but the link records ${recorded}: the next push to ${repository} brings it back`
  return { ...about, kind: 'link-to-wrong-size', text }
}

/** Looks at what is under a link's key: at damage here, at a link with `inspect`. */
const inspectLink = async (
  view: View,
  key: string,
  name: string,
  inspect: (link: Link) => Promise<Found | undefined>,
): Promise<Found | undefined> => {
  const stored = await view.link(key)
  if (stored === undefined) return undefined
  const { link, etag, damage } = stored
  if (damage !== undefined) return damagedLink(view, key, etag, damage, name)
  return link && inspect(link)
}

/** Looks at the link of a blob. */
export const inspectLayer = (view: View, key: string, name: string): Promise<Found | undefined> =>
  inspectLink(view, key, name, (link) => aboutData(view, key, name, link))

/** What a manifest needs and its repository does not have, or not of that size. */
const lacking = async (view: View, name: string, manifest: Manifest): Promise<string[]> => {
  const lacks: string[] = []
  for (const { digest, mediaType, size } of neededBy(manifest, view.requiredChildren(name))) {
    const isManifest = isManifestType(mediaType)
    const key = (isManifest ? revisionLinkKey : layerLinkKey)(name, digest)
    const there =
      (await view.isLinked(key)) || (isManifest && (await view.revisions.find(name, digest)))
    const target = digest.startsWith('sha256:') ? digest : (await view.link(key))?.link?.target
    const held = there && target !== undefined ? await view.size(target) : undefined
    if (held !== size || (target !== undefined && view.wrong.has(target))) lacks.push(digest)
  }
  return lacks
}

const parsed = (bytes: Uint8Array): Manifest | undefined => {
  try {
    return parseStoredManifest(bytes)
  } catch {
    // Schema 1, and whatever else an older registry accepted, needs nothing that is known here.
    return undefined
  }
}

/** Whether a referrer is in its subject's list, confirmed or not. */
const aboutReferrer = async (
  view: View,
  name: string,
  digest: Digest,
  bytes: Uint8Array,
  manifest: Manifest,
): Promise<Found | undefined> => {
  const { subject } = manifest
  if (subject === undefined) return undefined
  const key = referrerKey(name, subject.digest, digest)
  if ((await view.store.head(key)) !== undefined) return undefined
  return {
    kind: 'missing-referrer',
    key,
    repository: name,
    digest,
    text: `${digest} is not in the list of referrers of ${subject.digest}`,
    mend: async () => {
      const referrer = referrerOf(manifest, digest, bytes.byteLength)
      const confirm = await prepareReferrer(view.store, name, subject.digest, referrer)
      // It may have been deleted since it was read.
      if (await view.again().isLinked(revisionLinkKey(name, digest))) await confirm()
      return 'listed it'
    },
  }
}

/** Looks at the link of a manifest, and at what the manifest needs. */
export const inspectRevision = (
  view: View,
  key: string,
  name: string,
  digest: Digest,
): Promise<Found | undefined> =>
  inspectLink(view, key, name, (link) => aboutManifest(view, key, name, digest, link))

const aboutManifest = async (
  view: View,
  key: string,
  name: string,
  digest: Digest,
  link: Link,
): Promise<Found | undefined> => {
  const wrong = await aboutData(view, key, name, link)
  if (wrong !== undefined) return wrong
  const bytes = await view.manifest(link.target)
  if (bytes === undefined) {
    return {
      kind: 'link-to-wrong-data',
      key,
      repository: name,
      digest: link.target,
      text: `the bytes of ${link.target} do not have this digest: the next push to ${name} brings them back`,
    }
  }
  const manifest = parsed(bytes)
  if (manifest === undefined) return undefined
  const lacks = await lacking(view, name, manifest)
  if (lacks.length === 0) return aboutReferrer(view, name, digest, bytes, manifest)
  const more = lacks.length > 3 ? ` and ${lacks.length - 3} more` : ''
  return {
    kind: 'incomplete-manifest',
    key,
    repository: name,
    digest,
    text: `the manifest needs ${lacks.slice(0, 3).join(', ')}${more}: push it to ${name} again`,
  }
}

/** Looks whether a repository with manifests is in the catalog. */
export const inspectListed = async (view: View, name: string): Promise<Found | undefined> => {
  const key = catalogKey(name)
  if ((await view.store.head(key)) !== undefined) return undefined
  return {
    kind: 'missing-catalog-mark',
    key,
    repository: name,
    text: `the catalog does not list ${name}`,
    mend: async () => {
      await view.store.put(key, new Uint8Array())
      return 'listed it'
    },
  }
}

/** Looks at the link of a tag. */
export const inspectTag = (
  view: View,
  key: string,
  name: string,
  tag: string,
): Promise<Found | undefined> =>
  inspectLink(view, key, name, (link) => aboutTag(view, key, name, tag, link))

const aboutTag = async (
  view: View,
  key: string,
  name: string,
  tag: string,
  { target: digest, etag }: Link,
): Promise<Found | undefined> => {
  const revision = await view.revisions.find(name, digest)
  const data = revision && (await view.size(revision.target))
  if (data !== undefined) return undefined
  return {
    kind: 'tag-without-manifest',
    key,
    repository: name,
    digest,
    text: `the tag ${tag} leads to ${digest}, which ${name} does not have`,
    mend: () => mendTag(view, key, name, digest, etag),
  }
}

/**
 * Links the manifest of a tag if its bytes are there, and otherwise takes the tag away.
 *
 * A push of the same manifest may write link and tag between the look and the delete, and its tag has
 * the version of this one. Its link was written before, so it is seen afterwards, and the tag set again.
 */
const mendTag = async (
  view: View,
  key: string,
  name: string,
  digest: Digest,
  etag: string,
): Promise<string | undefined> => {
  const linkKey = revisionLinkKey(name, digest)
  const { store } = view
  // As every writer of links: the clean-up may be about to take the bytes.
  const { standing, inTime } = view.standings.look(digest)
  const canonical = digest.startsWith('sha256:')
  const [bytes, stands] = await Promise.all([
    canonical ? view.again().manifest(digest) : undefined,
    canonical ? standing : 'clear',
  ])
  if (bytes !== undefined && (await store.head(linkKey)) === undefined) {
    if (stands !== 'clear') return undefined
    const linked = await view.write(linkKey, Buffer.from(digest), { ifNoneMatch: '*' }, inTime)
    return linked ? 'linked the manifest, whose bytes are there' : undefined
  }
  if (!(await view.remove(key, etag))) return undefined
  const now = view.again()
  const pushed = (await now.isLinked(linkKey)) && (await store.head(dataKey(digest))) !== undefined
  if (!pushed) return 'removed the tag'
  await view.write(key, Buffer.from(digest), { ifNoneMatch: '*' })
  return undefined
}
