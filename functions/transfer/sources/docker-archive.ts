/**
 * Archives as `docker save` wrote them before 25, and `podman save` does: layers are not compressed, and
 * there is no manifest of the registry's kind. Both are made here, the same each time.
 *
 * @module
 */

import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DOCKER_MANIFEST } from '../../registry/media-types.ts'
import { isTag } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { type Blob, bytesBlob, fileBlob } from '../blobs/blob.ts'
import { TransferError } from '../errors.ts'
import { type Files, type Layer, readJson, readSmall } from './files.ts'
import { makeLayer } from './layers.ts'
import type { Image, Manifest, Source } from './source.ts'

const saved = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.nullish(z.array(z.string())),
    Layers: z.nullish(z.array(z.string())),
  }),
)

/** What a configuration says of the layers, where it says it. */
const described = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) })

const diffIdsIn = (config: Buffer): readonly string[] => {
  try {
    return described.safeParse(JSON.parse(config.toString())).data?.rootfs.diff_ids ?? []
  } catch {
    return []
  }
}

const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json'
const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** The tag of a name, if it has one: what is behind its last colon may be a port, or anything. */
const tagsOf = (name: string): string[] => {
  const tag = name.slice(name.lastIndexOf(':') + 1)
  return name.includes(':') && isTag(tag) ? [tag] : []
}

/** Opens an archive. @param directory for compressed layers @throws TransferError */
export const openDockerArchive = async (files: Files, directory: string): Promise<Source> => {
  const parsed = saved.safeParse(await readJson(files, 'manifest.json'))
  if (!parsed.success) {
    throw new TransferError(`manifest.json in ${files.called} is not of a saved image`)
  }
  const blobs = new Map<string, Blob>()
  const layers = new Map<string, Promise<Layer>>()

  const openLayer = async (name: string): Promise<Layer> => {
    const found = await files.find(name)
    if (found === undefined) throw new TransferError(`${files.called} has no layer ${name}`)
    const { path, size, start } = found
    const read = () => fileBlob(path, '', size, start).stream(0, size)
    return found.blob ?? makeLayer(join(directory, `${randomUUID()}.gz`), read())
  }

  const layerOf = async (name: string): Promise<Layer> => {
    const made = layers.get(name) ?? openLayer(name)
    layers.set(name, made)
    const blob = await made
    blobs.set(blob.digest, blob)
    return blob
  }

  const images: Image[] = []
  for (const { Config, Layers, RepoTags } of parsed.data) {
    const config = await readSmall(files, Config)
    const made: Layer[] = []
    const diffIds = diffIdsIn(config)
    for (const [at, name] of (Layers ?? []).entries()) {
      const layer = await layerOf(name)
      made.push(layer)
      // The registry could not tell: it has never seen what the archive should have.
      if ((diffIds[at] ?? layer.diffId) === (layer.diffId ?? diffIds[at])) continue
      throw new TransferError(
        `${files.called} is damaged: its layer ${name} has the digest ${layer.diffId}, and ${Config} says ${diffIds[at]}`,
      )
    }
    blobs.set(digestOf(config), bytesBlob(config, digestOf(config)))
    const descriptor = (mediaType: string, { size, digest }: Pick<Blob, 'size' | 'digest'>) => ({
      mediaType,
      size,
      digest,
    })
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: DOCKER_MANIFEST,
        config: descriptor(CONFIG_TYPE, { size: config.length, digest: digestOf(config) }),
        layers: made.map((layer) => descriptor(LAYER_TYPE, layer)),
      }),
    )
    const root: Manifest = { digest: digestOf(bytes), mediaType: DOCKER_MANIFEST, bytes }
    const names = RepoTags ?? []
    images.push({ tags: names.flatMap(tagsOf), names, root })
  }
  return {
    images,
    manifest: async (digest) => {
      throw new TransferError(`${files.called} has no manifest ${digest}`)
    },
    async blob(digest) {
      const found = blobs.get(digest)
      if (found === undefined) throw new TransferError(`${files.called} has no blob ${digest}`)
      return found
    },
  }
}
