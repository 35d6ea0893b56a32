/**
 * What is known of the images that the manifests of a repository consist of.
 *
 * Each manifest has an object with its images, which says the same as long as it is there: what was pushed first, or what
 * can be said of the manifest at any time. For each of them there is a small object that leads from the image's id to the manifest. They are
 * in the repository's own folder, so an id of one repository says nothing in another.
 *
 * All of it is written before what leads to the manifest, and counts only as long as the repository has the manifest, so
 * a delete needs to know nothing of it; the clean-up takes what is left. Each write has other bytes: a clean-up that has
 * looked when the manifest was gone takes nothing of a push that has brought it back, since it deletes by version.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { RegistryError } from '../registry/errors.ts'
import { v1IdKey, v1IdPrefix, v1ImagesKey } from '../registry/layout.ts'
import { MAX_MANIFEST_BYTES, type StoredManifest } from '../registry/manifests.ts'
import { type Digest, isDigest } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { cached } from '../shared/cached.ts'
import { inBatches } from '../shared/parallel.ts'
import * as z from '../shared/schema.ts'
import { readAll } from '../storage/bytes.ts'
import { listPages } from '../storage/pages.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore } from '../storage/store.ts'
import { imageOf, imagesOf } from './derive.ts'
import { invalid } from './errors.ts'
import { type Image, image } from './image.ts'

/** Most bytes of the images of a manifest, as they are stored; and of those in memory. */
const MOST = MAX_MANIFEST_BYTES
const MEMORY = 4 * MOST

/** Milliseconds for which they are in memory. */
const MEMORY_AGE = 60 * 60_000

const schema = z.object({ images: z.array(image).check(z.minLength(1)) })

/** Images from the top down, one at least. */
export type Images = readonly Image[]

/** The images of a manifest. */
export interface OfManifest {
  readonly digest: Digest
  readonly images: Images
}

export interface Remembered {
  /** What a tag or an index leads to, as far as the first API can show it. */
  of(name: string, digest: Digest): Promise<OfManifest | undefined>
  /** The image with an id and those below it; undefined where the repository has none, or not any more. */
  find(name: string, id: string): Promise<OfManifest | undefined>
  /**
   * Writes down the images of a manifest, before anything leads to it.
   *
   * @returns those that it has: images that differ in their ids alone make one manifest, which keeps the ids that it got
   *   first
   * @throws V1Error V1_INVALID for more than is read
   */
  keep(name: string, digest: Digest, images: Images): Promise<Images>
}

/** Damaged, it says nothing: then the images are found out as those of any other manifest. */
const parse = (bytes: Uint8Array): Images | undefined => {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString())).images
  } catch {
    return undefined
  }
}

/** @param readOnly whether nothing may be written: then what is derived is derived each time */
export const createRemembered = (
  store: ObjectStore,
  registry: Pick<Registry, 'manifests' | 'blobs'>,
  readOnly = false,
): Remembered => {
  const { manifests } = registry

  /**
   * Never changes, unless a clean-up has taken it, which waits for longer. It is of no use without the manifest, which is
   * looked for each time.
   */
  const stored = cached(
    async (name: string, digest: Digest): Promise<Images | undefined> => {
      const object = await store.get(v1ImagesKey(name, digest))
      if (object === undefined) return undefined
      return parse(await readAll(object.body, MOST))
    },
    {
      maxAge: MEMORY_AGE,
      capacity: MEMORY,
      sizeOf: (images) =>
        images === undefined ? 1 : images.reduce((all, { json }) => all + json.length + 512, 512),
    },
  )

  const manifestIfThere = async (
    name: string,
    digest: Digest,
  ): Promise<StoredManifest | undefined> => {
    try {
      return await manifests.get(name, digest)
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined
      throw error
    }
  }

  const keep: Remembered['keep'] = async (name, digest, images) => {
    const key = v1ImagesKey(name, digest)
    const nonce = randomUUID()
    for (;;) {
      const object = await store.get(key)
      const first = (object && parse(await readAll(object.body, MOST))) ?? images
      const bytes = Buffer.from(JSON.stringify({ images: first, nonce }))
      if (bytes.byteLength > MOST) {
        throw invalid(`the image and those below it have more than ${MOST} bytes of JSON`)
      }
      const condition = object ? { ifMatch: object.info.etag } : ({ ifNoneMatch: '*' } as const)
      if ((await putUnlessChanged(store, key, bytes, condition)) === undefined) continue
      await inBatches(first, ({ id }) => store.put(v1IdKey(name, id, digest), Buffer.from(nonce)))
      return first
    }
  }

  const ofStored = async (name: string, manifest: StoredManifest): Promise<Images | undefined> => {
    const { digest } = manifest
    const known = await stored.get(name, digest)
    if (known !== undefined) return known
    const images = await imagesOf(registry, name, manifest)
    if (images === undefined) return undefined
    return readOnly ? images : stored.remember(() => keep(name, digest, images), name, digest)
  }

  return {
    keep,
    async of(name, digest) {
      const found = await manifestIfThere(name, digest)
      const manifest = found && (await imageOf(registry, name, found))
      const images = manifest && (await ofStored(name, manifest))
      return images && { digest: manifest.digest, images }
    },
    async find(name, id) {
      const prefix = v1IdPrefix(name, id)
      for await (const page of listPages(store, prefix)) {
        for (const { key } of page) {
          const digest = key.slice(prefix.length).replace('/', ':')
          if (!isDigest(digest)) continue
          const manifest = await manifestIfThere(name, digest)
          const images = manifest && (await ofStored(name, manifest))
          const at = images?.findIndex((each) => each.id === id) ?? -1
          if (images !== undefined && at >= 0) return { digest, images: images.slice(at) }
        }
      }
      return undefined
    },
  }
}
