/**
 * Builds the lists that distribution does not keep, for a store that distribution has filled. May
 * run during pushes and more than once: it only adds.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { readAll } from '../storage/bytes.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { createCatalog } from './catalog.ts'
import { dataKey, REPOSITORIES_PREFIX, revisionLinkKey } from './layout.ts'
import { readLink } from './links.ts'
import { parseStoredManifest } from './manifest.ts'
import { MAX_MANIFEST_BYTES } from './manifests.ts'
import { type Digest, isDigest } from './reference.ts'
import { prepareReferrer, type Referrer, referrerOf } from './referrer-entry.ts'

/** What was found. */
export interface Reindexed {
  readonly repositories: number
  readonly manifests: number
  readonly referrers: number
}

const REVISION = /^(.+)\/_manifests\/revisions\/([a-z0-9]+)\/([0-9a-f]+)\/link$/

/** distribution-spec's referrers tag schema, which truncates a sha512 digest beyond recovery. */
const FALLBACK_TAG = /^(.+)\/_manifests\/tags\/(sha256)-([0-9a-f]{64})\/current\/link$/

const readManifest = async (store: ObjectStore, linkKey: string) => {
  const link = await readLink(store, linkKey)
  const read = link && (await store.get(dataKey(link.target)))
  if (link === undefined || read === undefined) return undefined
  try {
    const bytes = await readAll(read.body, MAX_MANIFEST_BYTES)
    return { digest: link.target, bytes, manifest: parseStoredManifest(bytes) }
  } catch {
    // Schema 1, and whatever else an older registry accepted, has no subject to index.
    return undefined
  }
}

/**
 * Indexes every repository of the store: one listing per 1000 keys, two reads per manifest.
 *
 * @param onProgress is told what was found so far, at each manifest
 */
export const reindex = async (
  store: ObjectStore,
  onProgress: (found: Reindexed) => void = () => {},
): Promise<Reindexed> => {
  const catalog = createCatalog(store)
  const names = new Set<string>()
  let manifests = 0
  let referrers = 0
  const soFar = (): Reindexed => ({ repositories: names.size, manifests, referrers })

  const list = async (name: string, subject: Digest, referrer: Referrer): Promise<void> => {
    const confirm = await prepareReferrer(store, name, subject, referrer)
    // It may have been deleted since it was read.
    if (await readLink(store, revisionLinkKey(name, referrer.digest))) await confirm()
  }

  const indexRevision = async (key: string, name: string, digest: Digest) => {
    if (!names.has(name)) {
      names.add(name)
      await catalog.add(name)
    }
    manifests += 1
    const found = await readManifest(store, key)
    const subject = found?.manifest.subject
    if (!found || !subject) return
    referrers += 1
    await list(name, subject.digest, referrerOf(found.manifest, digest, found.bytes.byteLength))
  }

  /** For manifests tied to the subject only by the tag's index; others are found by their subject. */
  const indexFallbackTag = async (key: string, name: string, subject: Digest) => {
    const found = await readManifest(store, key)
    await inBatches(found?.manifest.references ?? [], async (each) => {
      const referrer = await readManifest(store, revisionLinkKey(name, each.digest))
      if (!referrer || referrer.manifest.subject) return
      referrers += 1
      const listed = referrerOf(referrer.manifest, each.digest, referrer.bytes.byteLength)
      await list(name, subject, {
        ...listed,
        ...(each.artifactType ? { artifactType: each.artifactType } : {}),
        ...(each.annotations ? { annotations: each.annotations } : {}),
      })
    })
  }

  const indexKey = async (key: string): Promise<void> => {
    const path = key.slice(REPOSITORIES_PREFIX.length)
    const revision = path.match(REVISION)
    const [, name = '', algorithm, hex] = revision ?? path.match(FALLBACK_TAG) ?? []
    const digest = `${algorithm}:${hex}`
    if (!isDigest(digest)) return
    await (revision ? indexRevision(key, name, digest) : indexFallbackTag(key, name, digest))
    onProgress(soFar())
  }

  for await (const objects of listPages(store, REPOSITORIES_PREFIX)) {
    await inBatches(objects, (object) => indexKey(object.key))
  }
  return soFar()
}
