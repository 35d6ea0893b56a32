/**
 * Blobs of a repository: a link says that the repository has one, the data is shared by all.
 *
 * @module
 */

import { discard } from '../storage/bytes.ts'
import type { ByteRange, ObjectRead, ObjectStore } from '../storage/store.ts'
import { RegistryError } from './errors.ts'
import { aliasKey, dataKey, layerLinkKey } from './layout.ts'
import { linkedSize, type RecentLink, type RecentLinks } from './links.ts'
import { algorithmOf, CANONICAL, type Digest } from './reference.ts'

export const blobUnknown = (name: string, digest: Digest): RegistryError =>
  new RegistryError('BLOB_UNKNOWN', `the repository ${name} has no blob ${digest}`, {
    detail: { name, digest },
  })

/** Operations on the blobs of repositories. Every method names the repository first. */
export interface Blobs {
  /**
   * Size in bytes, or undefined when the repository has no such blob. At most one operation, two if
   * the link does not record the size.
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
   * A URL of the blob's bytes; at most one operation.
   *
   * @param expiresIn lifetime of the URL in seconds
   * @returns undefined if the store cannot presign
   * @throws RegistryError BLOB_UNKNOWN
   */
  url(
    name: string,
    digest: Digest,
    method: 'GET' | 'HEAD',
    expiresIn: number,
  ): Promise<string | undefined>
  /** Links a blob that is complete and verified under `target` into the repository. */
  link(name: string, digest: Digest, target: Digest, size: number | undefined): Promise<void>
  /**
   * Links a blob of the repository `from`, or of any repository if `from` is undefined, into `name`.
   *
   * @returns false when there is no such blob
   */
  mount(name: string, digest: Digest, from: string | undefined): Promise<boolean>
  /**
   * Removes the blob from the repository; its data stays for other repositories.
   *
   * @throws RegistryError BLOB_UNKNOWN
   */
  remove(name: string, digest: Digest): Promise<void>
}

/** Blobs on a store. */
export const createBlobs = (store: ObjectStore, links: RecentLinks): Blobs => {
  const mustLink = async (name: string, digest: Digest): Promise<RecentLink> => {
    const link = await links.read(layerLinkKey(name, digest))
    if (link === undefined) throw blobUnknown(name, digest)
    return link
  }

  const openLinked = async (
    name: string,
    digest: Digest,
    range: ByteRange | undefined,
  ): Promise<ObjectRead> => {
    const { target } = await mustLink(name, digest)
    const read = await store.get(dataKey(target), range)
    if (read === undefined) throw blobUnknown(name, digest)
    return read
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
    if (link.status === 'rejected' || link.value === undefined) {
      if (read !== undefined) discard(read.body)
      throw link.status === 'rejected' ? link.reason : blobUnknown(name, digest)
    }
    if (data.status === 'rejected') throw data.reason
    if (read === undefined) throw blobUnknown(name, digest)
    return read
  }

  const blobs: Blobs = {
    async stat(name, digest) {
      const link = await links.read(layerLinkKey(name, digest))
      return link && linkedSize(store, link)
    },

    open(name, digest, range) {
      const canonical = algorithmOf(digest) === CANONICAL
      return canonical ? openCanonical(name, digest, range) : openLinked(name, digest, range)
    },

    async url(name, digest, method, expiresIn) {
      if (store.presign === undefined) return undefined
      const { target } = await mustLink(name, digest)
      return store.presign(method, dataKey(target), { expiresIn })
    },

    async link(name, digest, target, size) {
      // A blob pushed under another algorithm is found under both digests, as in distribution.
      const keys = [layerLinkKey(name, target)]
      if (digest !== target) keys.push(layerLinkKey(name, digest), aliasKey(digest))
      await Promise.all(keys.map((key) => links.write(key, target, size)))
    },

    async mount(name, digest, from) {
      if (from === undefined) {
        const canonical = algorithmOf(digest) === CANONICAL
        const target = canonical ? digest : (await links.read(aliasKey(digest)))?.target
        const info = target && (await store.head(dataKey(target)))
        if (target === undefined || info === undefined) return false
        await blobs.link(name, digest, target, info.size)
        return true
      }
      const link = await links.read(layerLinkKey(from, digest))
      if (link === undefined) return false
      await blobs.link(name, digest, link.target, link.size)
      return true
    },

    async remove(name, digest) {
      const { target } = await mustLink(name, digest)
      await links.delete([...new Set([digest, target])].map((each) => layerLinkKey(name, each)))
    },
  }
  return blobs
}
