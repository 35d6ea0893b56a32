/**
 * Blobs of a repository: a link says that the repository has one, the data is shared by all.
 *
 * @module
 */

import { settled } from '../shared/parallel.ts'
import { discard } from '../storage/bytes.ts'
import type { ByteRange, ObjectRead, ObjectStore } from '../storage/store.ts'
import type { Presence } from './clean-up/presence.ts'
import type { Look } from './clean-up/standing.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { RegistryError } from './errors.ts'
import type { Origin, Recorder } from './happened.ts'
import type { Held, Holdings } from './held.ts'
import { aliasKey, dataKey, layerLinkKey } from './layout.ts'
import { agrees, type RecentLink, type RecentLinks, readStoredLink } from './links.ts'
import { algorithmOf, CANONICAL, type Digest } from './reference.ts'

/** What a blob is to those who are told of it: what it really is, manifests say. */
export const OCTETS = 'application/octet-stream'

export const blobUnknown = (name: string, digest: Digest): RegistryError =>
  new RegistryError('BLOB_UNKNOWN', `the repository ${name} has no blob ${digest}`, {
    detail: { name, digest },
  })

/** Of a mount. */
export interface MountOptions {
  /** Who asks for it, for the event. */
  readonly origin?: Origin | undefined
  /** Whether an upstream has it in that repository: then it is no mount that anybody is told of. Default: no. */
  readonly fetched?: boolean
}

/** Operations on the blobs of repositories. Every method names the repository first. */
export interface Blobs {
  /**
   * Size in bytes, or undefined when the repository has no such blob, or its data is gone or cut. At
   * most two operations, in one step for a canonical digest. A link that the clean-up has condemned is
   * made plain, since the client relies on the answer: a write more.
   */
  stat(name: string, digest: Digest): Promise<number | undefined>
  /**
   * Opens the blob's bytes, checking the link at the same time.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws StoreError `range` when nothing of the range is in the blob
   */
  open(name: string, digest: Digest, range?: ByteRange): Promise<ObjectRead>
  /**
   * A URL of the blob's bytes; at most one operation for a GET, which finds out itself whether they
   * are there. For a HEAD as many as {@link Blobs.stat}.
   *
   * @param expiresIn lifetime of the URL in seconds
   * @returns undefined if the store cannot presign; the size in bytes, if it is known without asking for it
   * @throws RegistryError BLOB_UNKNOWN
   */
  url(
    name: string,
    digest: Digest,
    method: 'GET' | 'HEAD',
    expiresIn: number,
  ): Promise<{ readonly url: string; readonly size: number | undefined } | undefined>
  /**
   * Links a blob that is complete and verified under `target` into the repository.
   *
   * @param look at the marker of the data, begun in the step in which the data was written or found
   * @throws StoreError `unavailable` when that is long ago, and the data has gone meanwhile
   */
  link(
    name: string,
    digest: Digest,
    target: Digest,
    size: number | undefined,
    look: Look,
  ): Promise<void>
  /**
   * Links a blob of the repository `from`, or of any repository if `from` is undefined, into `name`.
   *
   * @returns false when there is no such blob, or its data is gone or cut, or is being deleted
   */
  mount(
    name: string,
    digest: Digest,
    from: string | undefined,
    options?: MountOptions,
  ): Promise<boolean>
  /**
   * Removes the blob from the repository, also if its link is damaged; its data stays for other
   * repositories. Two operations, and two more under another algorithm than sha256.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws StoreError `unavailable` when a delete had no answer: it may take place yet
   */
  remove(name: string, digest: Digest, origin?: Origin): Promise<void>
}

/** Blobs on a store. */
export const createBlobs = (
  store: ObjectStore,
  links: RecentLinks,
  holdings: Holdings,
  presence: Presence,
  report: ReportDamage = unreported,
  events?: Recorder,
): Blobs => {
  const mustLink = async (name: string, digest: Digest): Promise<RecentLink> => {
    const link = await links.read(layerLinkKey(name, digest))
    if (link === undefined) throw blobUnknown(name, digest)
    return link
  }

  /** What a client that asks, and sends what is not there, is told of. */
  const find = async (
    key: string,
    digest: Digest,
    link: Promise<RecentLink | undefined>,
  ): Promise<Held | undefined> =>
    (await holdings.isDoubted(key)) ? undefined : holdings.read(key, digest, link)

  /** What a repository has, and has for some time: a manifest may rely on it. */
  const keep = async (name: string, digest: Digest): Promise<Held | undefined> => {
    const key = layerLinkKey(name, digest)
    return find(key, digest, links.keep(key))
  }

  const mustHold = async (name: string, digest: Digest): Promise<Held> => {
    const held = await keep(name, digest)
    if (held === undefined) throw blobUnknown(name, digest)
    return held
  }

  /** What was read, if it is what the link says. */
  const checked = (
    name: string,
    digest: Digest,
    link: RecentLink | undefined,
    read: ObjectRead | undefined,
  ): ObjectRead => {
    const key = layerLinkKey(name, digest)
    if (link && read && agrees(key, link, read.info.size, report)) return read
    if (read !== undefined) discard(read.body)
    throw blobUnknown(name, digest)
  }

  const openLinked = async (
    name: string,
    digest: Digest,
    range: ByteRange | undefined,
  ): Promise<ObjectRead> => {
    const link = await mustLink(name, digest)
    return checked(name, digest, link, await store.get(dataKey(link.target), range))
  }

  /** A canonical digest tells the data's key, so link and data are read in one step. */
  const openCanonical = async (
    name: string,
    digest: Digest,
    range: ByteRange | undefined,
  ): Promise<ObjectRead> => {
    const [link, data] = await Promise.allSettled([
      links.read(layerLinkKey(name, digest)),
      store.get(dataKey(digest), range),
    ])
    const read = data.status === 'fulfilled' ? data.value : undefined
    if (link.status === 'rejected') {
      if (read !== undefined) discard(read.body)
      throw link.reason
    }
    if (link.value !== undefined && data.status === 'rejected') throw data.reason
    return checked(name, digest, link.value, read)
  }

  /** What can be mounted, and the look at its marker, which begins as soon as its digest is known. */
  interface Source {
    readonly held: Promise<Held | undefined>
    readonly look: Promise<Look | undefined>
  }

  /** What can be mounted from the repository, or from anywhere. */
  const sourceOf = (digest: Digest, from: string | undefined): Source => {
    const inTime = presence.begin()
    const look = (target: Digest): Look => presence.look(target, inTime)
    const canonical = algorithmOf(digest) === CANONICAL
    if (from === undefined && canonical) {
      const held = async (): Promise<Held | undefined> => {
        const size = await holdings.size(digest)
        return size === undefined ? undefined : { target: digest, size, sure: false }
      }
      return { held: held(), look: Promise.resolve(look(digest)) }
    }
    const key = from === undefined ? aliasKey(digest) : layerLinkKey(from, digest)
    const link = links.read(key)
    const held = from === undefined ? holdings.read(key, digest, link) : find(key, digest, link)
    if (canonical) return { held, look: Promise.resolve(look(digest)) }
    return { held, look: link.then((found) => found && look(found.target)) }
  }

  /** Removes a link as it is, if there is one: by its version, so that it is sent once. */
  const unlink = async (key: string): Promise<void> => {
    for (;;) {
      const stored = await readStoredLink(store, key, report)
      if (stored === undefined || (await links.deleteIf(key, stored.etag))) return
    }
  }

  const blobs: Blobs = {
    async stat(name, digest) {
      return (await keep(name, digest))?.size
    },

    open(name, digest, range) {
      const canonical = algorithmOf(digest) === CANONICAL
      return canonical ? openCanonical(name, digest, range) : openLinked(name, digest, range)
    },

    async url(name, digest, method, expiresIn) {
      if (store.presign === undefined) return undefined
      const { target, size } = await (method === 'GET' ? mustLink : mustHold)(name, digest)
      return { url: await store.presign(method, dataKey(target), { expiresIn }), size }
    },

    async link(name, digest, target, size, look) {
      // A blob pushed under another algorithm is found under both digests, as in distribution.
      const keys = [layerLinkKey(name, target)]
      if (digest !== target) keys.push(layerLinkKey(name, digest), aliasKey(digest))
      await presence.link(target, look, (inTime) =>
        Promise.all(keys.map((key) => links.write(key, target, size, { inTime }))),
      )
      for (const key of keys) holdings.trust(key)
    },

    async mount(name, digest, from, { origin, fetched = false } = {}) {
      const recording = fetched ? undefined : events?.begin(name, origin)
      const source = sourceOf(digest, from)
      // Beside the look at the source: there is no other step before the link. Its size is not known yet.
      const recorded = recording?.write({
        action: 'mount',
        target: { mediaType: OCTETS, digest, fromRepository: from },
        proof: { key: layerLinkKey(name, digest), fleeting: true },
      })
      let linking = false
      try {
        const [held, look] = await settled([source.held, source.look, recorded])
        if (held === undefined || look === undefined) return false
        // Whatever it is, the client can send the bytes.
        if (!(await presence.stays(held.target, look))) return false
        linking = true
        await blobs.link(name, digest, held.target, held.size, look)
        recording?.done()
        return true
      } finally {
        if (!linking) await recording?.withdraw()
      }
    },

    async remove(name, digest, origin) {
      const key = layerLinkKey(name, digest)
      const recording = events?.begin(name, origin)
      const recorded = recording?.write({
        action: 'delete',
        target: { digest },
        proof: { key, absent: true },
      })
      for (;;) {
        const [stored] = await settled([readStoredLink(store, key, report), recorded])
        if (stored === undefined) {
          await recording?.withdraw()
          throw blobUnknown(name, digest)
        }
        const target = stored.link?.target ?? digest
        if (target !== digest) await unlink(layerLinkKey(name, target))
        if (await links.deleteIf(key, stored.etag)) return recording?.done()
      }
    },
  }
  return blobs
}
