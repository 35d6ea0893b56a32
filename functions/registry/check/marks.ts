/**
 * Checks the lists that distribution does not keep: marks of the catalog, descriptors of referrers.
 *
 * @module
 */

import type { ListedObject } from '../../storage/store.ts'
import { removeListed } from '../clean-up/litter/kind.ts'
import { catalogName, manifestsPrefix, REFERRERS_PREFIX, revisionLinkKey } from '../layout.ts'
import { parseStoredManifest } from '../manifest.ts'
import { type Digest, isDigest, isName } from '../reference.ts'
import {
  doubtReferrer,
  isConfirmed,
  parseReferrer,
  prepareReferrer,
  readDescriptor,
  referrerOf,
} from '../referrer-entry.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** Milliseconds for which a mark may wait for what it marks: a push writes the mark first. */
const YOUNG = 60 * 60_000

const hasManifests = async ({ store }: View, name: string): Promise<boolean> =>
  (await store.list(manifestsPrefix(name), { limit: 1 })).objects.length > 0

/**
 * Looks at a mark of the catalog.
 *
 * @param now milliseconds
 * @param wait waits as long as a push may take from its look at the mark to its link
 */
export const inspectMark = async (
  view: View,
  object: ListedObject,
  now: number,
  wait: () => Promise<void>,
): Promise<Found | undefined> => {
  const { key, modified } = object
  const name = catalogName(key)
  const mark = { kind: 'stale-catalog-mark', key, repository: name } as const
  const { store } = view
  if (!isName(name)) {
    const mend = async () => {
      await store.delete([key])
      return 'removed the mark'
    }
    return { ...mark, text: `${JSON.stringify(name)} is not the name of a repository`, mend }
  }
  if (now - modified.getTime() < YOUNG || (await hasManifests(view, name))) return undefined
  return {
    ...mark,
    text: `the catalog lists ${name}, which has nothing`,
    mend: async () => {
      // Once: a push writes the same bytes anew.
      if (!(await removeListed(store, object, { once: true }))) return undefined
      // A push that saw the mark before does not write it.
      await wait()
      if (!(await hasManifests(view, name))) return 'removed the mark'
      await store.put(key, new Uint8Array())
      return undefined
    },
  }
}

const REFERRER = /^(.+)\/(sha256|sha512)\/([0-9a-f]+)\/(sha256|sha512)\/([0-9a-f]+)$/

/** What a manifest would be listed as, if it is there and names this subject. */
const described = async (view: View, name: string, subject: Digest, digest: Digest) => {
  const revision = await view.revisions.find(name, digest)
  const bytes = revision && (await view.manifest(revision.target))
  if (bytes === undefined) return undefined
  try {
    const manifest = parseStoredManifest(bytes)
    if (manifest.subject?.digest !== subject) return undefined
    return referrerOf(manifest, digest, bytes.byteLength)
  } catch {
    return undefined
  }
}

/** Looks at the descriptor of a referrer. */
export const inspectReferrer = async (view: View, key: string): Promise<Found | undefined> => {
  const [, name = '', ...parts] = REFERRER.exec(key.slice(REFERRERS_PREFIX.length)) ?? []
  const [subject, digest] = [`${parts[0]}:${parts[1]}`, `${parts[2]}:${parts[3]}`]
  if (!isDigest(subject) || !isDigest(digest)) return undefined
  const { store } = view
  const there = await readDescriptor(store, key)
  if (there === undefined) return undefined
  const about = { key, repository: name, digest }
  const stored = parseReferrer(there.bytes, digest)
  if (stored === undefined) {
    const mend = async () => {
      const referrer = await described(view, name, subject, digest)
      if (referrer === undefined) {
        return (await view.remove(key, there.etag)) ? 'removed it' : undefined
      }
      // Writes over what is damaged only.
      const confirm = await prepareReferrer(store, name, subject, referrer)
      if (await view.again().isLinked(revisionLinkKey(name, digest))) await confirm()
      return 'wrote it again'
    }
    const text = `the descriptor of ${digest} as a referrer of ${subject} is damaged`
    return { ...about, kind: 'damaged-referrer', text, mend }
  }
  if (!isConfirmed(stored) || (await view.revisions.find(name, digest))) return undefined
  return {
    ...about,
    kind: 'stale-referrer',
    text: `${digest} is in the list of referrers of ${subject}, but ${name} does not have it`,
    mend: async () =>
      (await doubtReferrer(store, key, stored, there.etag))
        ? 'took it off the list until it is pushed again'
        : undefined,
  }
}
