/**
 * Small requests under load: manifests, blobs' heads and lists.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { type Load, putLoad } from '../client/load.ts'
import { pushImage, pushManifest } from '../client/push.ts'
import { expect } from '../client/wire.ts'
import type { Image, ImageMaker } from '../content.ts'
import type { Scene, Step } from '../rounds.ts'
import type { Actor, Stage } from '../stage.ts'

/** Tags of the repository that is listed. */
const ALL_TAGS = Array.from({ length: 100 }, (_, at) => `v${at}`)

/** Repositories of the catalog that is listed. */
const REPOSITORIES = 50

const NAME = 'load/repository-0'

/** Connections that ask at once. */
const CONNECTIONS = 16

/** Fills registries with an image in many repositories, and with many tags of one. */
const fillForRequests = async (stage: Stage, maker: ImageMaker): Promise<Image> => {
  const image = maker.make({ layers: 3, layerBytes: 10_000 })
  const names = Array.from({ length: REPOSITORIES }, (_, at) => `load/repository-${at}`)
  for (const { client } of stage.actors) {
    await inBatches(names, (name) => pushImage(client, name, 'v0', image, 'containerd'), 2)
    await inBatches(ALL_TAGS, (tag) => pushManifest(client, NAME, tag, image), 2)
  }
  return image
}

/** A kind of request by what results call it. */
export interface RequestKind {
  readonly id: string
  readonly method: 'GET' | 'HEAD'
  /** What is asked for, in turn. */
  readonly paths: (image: Image) => readonly string[]
}

/** All kinds. */
export const REQUEST_KINDS: readonly RequestKind[] = [
  { id: 'manifest-by-tag', method: 'GET', paths: () => [`/v2/${NAME}/manifests/v0`] },
  {
    id: 'manifest-by-tags',
    method: 'GET',
    paths: () => ALL_TAGS.map((tag) => `/v2/${NAME}/manifests/${tag}`),
  },
  {
    id: 'manifest-by-digest',
    method: 'GET',
    paths: ({ manifest }) => [`/v2/${NAME}/manifests/${manifest.digest}`],
  },
  {
    id: 'blob-head',
    method: 'HEAD',
    paths: ({ blobs }) => [`/v2/${NAME}/blobs/${blobs[0]?.digest}`],
  },
  { id: 'tags-list', method: 'GET', paths: () => [`/v2/${NAME}/tags/list`] },
  { id: 'catalog', method: 'GET', paths: () => ['/v2/_catalog'] },
]

const loadOf = async (
  { client, address }: Actor,
  { method, paths }: RequestKind,
  image: Image,
  seconds: number,
): Promise<Load> => {
  const headers = { Accept: OCI_MANIFEST }
  // Some registries answer HEAD of a blob by a redirect.
  const all = paths(image)
  const { status } = await expect(client, [200, 307], { method, url: all[0] ?? '', headers })
  return {
    address,
    method,
    paths: all,
    headers,
    status,
    connections: CONNECTIONS,
    seconds,
  }
}

/** Fills registries in the first round, and gives the same image in each. */
export const filled = (maker: ImageMaker): ((stage: Stage) => Promise<Image>) => {
  let image: Image | undefined
  return async (stage) => {
    image ??= await fillForRequests(stage, maker)
    return image
  }
}

/** Load with each kind of request, for some seconds each. */
export const requestScene = (
  prefix: string,
  maker: ImageMaker,
  seconds: number,
  kinds: readonly RequestKind[] = REQUEST_KINDS,
): Scene<Image> => ({
  prepare: filled(maker),
  seconds,
  steps: kinds.map(
    (kind): Step<Image> => ({
      id: `${prefix}/${kind.id}`,
      run: async (actor, image) => ({
        ...(await putLoad(await loadOf(actor, kind, image, seconds))),
      }),
    }),
  ),
})
