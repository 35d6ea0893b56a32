/**
 * Pushes by the first API: images from the bottom up, then tags. A tag makes of them what pushes are otherwise, a manifest
 * of schema 2 with its config, by the registry's own push: so quotas, immutable tags, events and the clean-up know it.
 *
 * @module
 */

import type { Origin } from '../registry/happened.ts'
import { parseManifest } from '../registry/manifest.ts'
import { DOCKER_MANIFEST } from '../registry/media-types.ts'
import type { PushedManifest } from '../registry/push-manifest.ts'
import { type Digest, digestOf } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import type { Beginning } from '../registry/uploads/state.ts'
import type { ByteSource } from '../storage/bytes.ts'
import { buildImage } from './build.ts'
import { imageExists, imageNotFound, invalid, V1Error } from './errors.ts'
import { type Announced, type Image, parentOf, readImageJson } from './image.ts'
import { measureLayer } from './layer.ts'
import { isId } from './names.ts'
import type { Remembered } from './remembered.ts'
import { TARSUM } from './tarsum.ts'
import type { Unfinished, UnfinishedImages } from './unfinished.ts'

/** Most images on top of each other: docker runs 127 layers. */
const MOST_IMAGES = 512

export interface PushParts {
  readonly registry: Pick<Registry, 'uploads' | 'blobs' | 'manifests' | 'quotas'>
  readonly remembered: Remembered
  readonly unfinished: UnfinishedImages
}

/** The body of a layer. */
export interface IncomingLayer extends Pick<Beginning, 'startedBy' | 'holder'> {
  readonly source: ByteSource
  /** Bytes, if declared. */
  readonly length: number | undefined
  readonly origin: Origin
  readonly announced: Announced | undefined
}

/** What a client says that a layer's sums are. */
export interface Checksums {
  /** X-Docker-Checksum-Payload, since docker 0.10. */
  readonly payload: string | undefined
  /** X-Docker-Checksum. */
  readonly tarsum: string | undefined
}

/** How a tag is set. */
export interface TagOptions {
  readonly origin: Origin
  readonly override: boolean
}

/** Every method names a repository that the caller may push to. */
export interface Pushes {
  /** @throws V1Error V1_INVALID, V1_EXISTS */
  json(name: string, id: string, bytes: Uint8Array, announced: Announced | undefined): Promise<void>
  /** @throws V1Error V1_INVALID, V1_UNKNOWN, V1_EXISTS, and what uploads throw */
  layer(name: string, id: string, incoming: IncomingLayer): Promise<void>
  /** @throws V1Error V1_INVALID, V1_UNKNOWN, V1_EXISTS, V1_TOO_OLD */
  checksum(name: string, id: string, checksums: Checksums): Promise<void>
  /** The JSON of an image that need not be pushed again. @throws V1Error V1_UNKNOWN, V1_INVALID while it is not whole */
  whole(name: string, id: string): Promise<string>
  /** @param value the body: an id as JSON @throws V1Error V1_INVALID, V1_UNKNOWN, and what pushes throw */
  tag(name: string, tag: string, value: Uint8Array, options: TagOptions): Promise<PushedManifest>
}

const NO_BYTES: ByteSource = []

const same = (a: Unfinished, b: Unfinished): boolean => a.json === b.json && a.payload === b.payload

export const createPushes = ({ registry, remembered, unfinished }: PushParts): Pushes => {
  const { uploads, blobs, manifests, quotas } = registry

  /** Whether the layer of a finished image is still there: the clean-up takes it where no tag comes, sooner than the image. */
  const isUsable = async (name: string, state: Unfinished): Promise<boolean> =>
    state.isDone &&
    state.layer !== undefined &&
    (await blobs.stat(name, state.layer.digest)) === state.layer.size

  const isThere = async (name: string, id: string): Promise<boolean> =>
    (await unfinished.get(name, id)) !== undefined ||
    (await remembered.find(name, id)) !== undefined

  /** Sends a layer through an upload, whatever its size, and gives its digest and sums. */
  const receive = async (
    name: string,
    { json, announced: before }: Unfinished,
    { source, length, origin, announced, ...beginning }: IncomingLayer,
  ) => {
    await quotas.admit(name)
    const measured = measureLayer(source, Buffer.from(json))
    const begun = uploads.begin(name, beginning)
    // Its digest is not known before its end, so it is staged, and the store copies it.
    const state = await uploads.append(begun, { source: measured.source, length, range: undefined })
    const { diffId, payload, tarsum, size, isPacked } = measured.sums()
    const hash = state.hash && 'final' in state.hash ? state.hash.final.sha256 : undefined
    if (hash === undefined) throw new Error('an upload in one request has no digest')
    const digest: Digest = `sha256:${hash}`
    await uploads.commit(state, digest, { source: NO_BYTES, length: 0, range: undefined }, origin)
    const layer = { digest, size, diffId, isPacked }
    return { json, announced: announced ?? before, layer, payload, tarsum, isDone: false }
  }

  /** The image and those below it. */
  const chainOf = async (name: string, id: string): Promise<readonly Image[]> => {
    const images: Image[] = []
    const seen = new Set<string>()
    for (let next: string | undefined = id; next !== undefined; ) {
      const known = await remembered.find(name, next)
      if (known !== undefined) return [...images, ...known.images]
      const state = await unfinished.get(name, next)
      if (state?.layer === undefined || !state.isDone) throw imageNotFound()
      if (seen.has(next) || seen.size >= MOST_IMAGES) {
        throw invalid(`the image is on top of itself, or of more than ${MOST_IMAGES}`)
      }
      seen.add(next)
      const { json, layer, payload, tarsum, announced } = state
      images.push({ id: next, json, layer, payload, tarsum, announced })
      next = parentOf(json)
    }
    return images
  }

  return {
    async json(name, id, bytes, announced) {
      const json = readImageJson(id, bytes)
      const parent = parentOf(json)
      if (parent !== undefined && !(await isThere(name, parent))) {
        throw invalid('Image depends on a non existing parent')
      }
      if ((await remembered.find(name, id)) !== undefined) throw imageExists()
      await unfinished.change(name, id, async (current) => {
        if (current && (await isUsable(name, current))) throw imageExists()
        return { json, announced, isDone: false }
      })
    },

    async layer(name, id, incoming) {
      const begun = await unfinished.get(name, id)
      if (begun === undefined) {
        throw (await remembered.find(name, id)) ? imageExists() : imageNotFound()
      }
      if (begun.isDone) throw imageExists()
      const received = await receive(name, begun, incoming)
      await unfinished.change(name, id, (current) => {
        if (!current?.isDone) return received
        // Another client was faster, and what it has pushed stays.
        if (same(current, received)) return current
        throw imageExists()
      })
    },

    async checksum(name, id, { payload, tarsum }) {
      if (payload === undefined && tarsum === undefined) {
        throw new V1Error(
          'V1_TOO_OLD',
          'X-Docker-Checksum-Payload not set.  If you are using the Docker daemon, you should upgrade to version 0.10 or later',
        )
      }
      const isKnown = tarsum?.startsWith(TARSUM) ?? false
      await unfinished.change(name, id, async (current) => {
        if (current === undefined) {
          if (await remembered.find(name, id)) {
            throw new V1Error('V1_EXISTS', 'Cannot set this image checksum')
          }
          throw imageNotFound()
        }
        if (current.layer === undefined) throw invalid('Checksum mismatch: there is no layer yet')
        const known = isKnown ? current.tarsum : undefined
        // Without the sum of all bytes, the one of the files must be known.
        const isRight =
          payload === undefined
            ? known !== undefined && known === tarsum
            : payload === current.payload && (known === undefined || known === tarsum)
        if (current.isDone) {
          if (isRight) return current
          throw new V1Error('V1_EXISTS', 'Cannot set this image checksum')
        }
        if (!isRight) throw invalid('Checksum mismatch')
        return { ...current, tarsum: isKnown ? tarsum : current.tarsum, isDone: true }
      })
    },

    async whole(name, id) {
      const known = await remembered.find(name, id)
      const [top] = known?.images ?? []
      if (top !== undefined) return top.json
      const state = await unfinished.get(name, id)
      if (state === undefined) throw imageNotFound()
      if (!state.isDone) throw invalid('Image is being uploaded, retry later')
      if (!(await isUsable(name, state))) throw imageNotFound()
      return state.json
    },

    async tag(name, tag, value, { origin, override }) {
      let id: unknown
      try {
        id = JSON.parse(Buffer.from(value).toString())
      } catch (cause) {
        throw invalid('Invalid data', cause)
      }
      if (typeof id !== 'string' || id === '') throw invalid('Invalid data')
      if (!isId(id)) throw imageNotFound()
      const images = await chainOf(name, id)
      const { config, manifest } = buildImage(images)
      await quotas.admit(name)
      const incoming = { source: [config], length: config.byteLength, range: undefined }
      await uploads.commit(uploads.begin(name), digestOf(config), incoming, origin)
      const keep = async (digest: Digest) => void (await remembered.keep(name, digest, images))
      return manifests.push(name, { tag }, manifest, DOCKER_MANIFEST, {
        origin,
        override,
        read: { manifest: parseManifest(manifest, DOCKER_MANIFEST), keep },
      })
    },
  }
}
