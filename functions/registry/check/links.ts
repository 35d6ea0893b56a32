/**
 * Checks links, and what the manifests behind them need.
 *
 * @module
 */

import { neededBy } from '../index-children.ts'
import { catalogKey, layerLinkKey, referrerKey, revisionLinkKey } from '../layout.ts'
import type { DeletedLink, Link } from '../links.ts'
import { type Manifest, parseStoredManifest } from '../manifest.ts'
import { isManifestType } from '../media-types.ts'
import type { Digest } from '../reference.ts'
import { prepareReferrer, referrerOf } from '../referrer-entry.ts'
import { damagedLink } from './damaged-link.ts'
import { aboutData } from './data-of-link.ts'
import type { Found } from './finding.ts'
import { aboutDeleted } from './records.ts'
import type { View } from './view.ts'

/** Looks at what is under a link's key: at damage here, at a link or a deleted one with what is given. */
export const inspectLink = async (
  view: View,
  key: string,
  name: string,
  inspect: (link: Link) => Promise<Found | undefined>,
  inspectDeleted: (link: DeletedLink, modified: Date) => Promise<Found | undefined> = async () =>
    undefined,
): Promise<Found | undefined> => {
  const stored = await view.link(key)
  if (stored === undefined) return undefined
  const { link, deleted, etag, damage, modified } = stored
  if (damage !== undefined) return damagedLink(view, key, etag, damage, name)
  if (deleted !== undefined) return inspectDeleted(deleted, modified)
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
    if (!there && view.isCopy(name)) continue
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
  inspectLink(
    view,
    key,
    name,
    (link) => aboutManifest(view, key, name, digest, link),
    (_, modified) => aboutDeleted(view, { key, name, digest, modified }),
  )

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
