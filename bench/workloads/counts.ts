/**
 * How many calls to S3 requests cost, and how many of them one after the other: counted by a proxy
 * before S3, one request at a time, with nothing else under way.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { countCalls } from '../calls.ts'
import { pullImage } from '../client/pull.ts'
import { pushBlob, pushImage, pushManifest } from '../client/push.ts'
import { expect } from '../client/wire.ts'
import type { Image, ImageMaker } from '../content.ts'
import type { Counted } from '../results.ts'
import type { Actor } from '../stage.ts'

/** Milliseconds each call takes at least: calls made at once must be seen to overlap. */
export const COUNTING_DELAY = 40

const MEBIBYTE = 1024 * 1024
const NAME = 'counted/app'

/** One thing whose calls are counted. */
interface Errand {
  readonly id: string
  run(actor: Actor): Promise<unknown>
}

/** Requests on an image that is there. */
const readsOf = ({ manifest, blobs: [blob] }: Image): readonly Errand[] => {
  const get = (method: string, path: string) => (actor: Actor) =>
    expect(actor.client, [200, 307], {
      method,
      url: `/v2/${NAME}${path}`,
      headers: { Accept: OCI_MANIFEST },
    })
  return [
    { id: 'manifest-by-tag', run: get('GET', '/manifests/v1') },
    { id: 'manifest-by-digest', run: get('GET', `/manifests/${manifest.digest}`) },
    { id: 'blob-head', run: get('HEAD', `/blobs/${blob?.digest}`) },
    { id: 'blob-get', run: get('GET', `/blobs/${blob?.digest}`) },
    { id: 'tags-list', run: get('GET', '/tags/list') },
  ]
}

const count = async (actor: Actor, { id, run }: Errand): Promise<Counted> => {
  if (actor.proxy === undefined) throw new Error('nothing counts the calls on this stage')
  const counted = await countCalls(actor.proxy, () => run(actor))
  return { id, peer: actor.peer.name, ...counted }
}

/** Pushes, each of what no registry has. */
const countPushes = async (actor: Actor, maker: ImageMaker): Promise<Counted[]> => {
  const counted: Counted[] = []
  const layer = async (id: string, layerBytes: number, style: 'docker' | 'containerd') => {
    const [blob] = maker.make({ layers: 1, layerBytes }).blobs
    const run = ({ client }: Actor) => pushBlob(client, NAME, blob!, style)
    counted.push(await count(actor, { id, run }))
  }
  await layer('layer-docker-1mib', MEBIBYTE, 'docker')
  await layer('layer-containerd-1mib', MEBIBYTE, 'containerd')
  await layer('layer-docker-100mib', 100 * MEBIBYTE, 'docker')
  await layer('layer-containerd-100mib', 100 * MEBIBYTE, 'containerd')
  return counted
}

/** The manifest of an image of 20 layers, the image again, and what reads cost then. */
const countImage = async (actor: Actor, maker: ImageMaker): Promise<Counted[]> => {
  const image = maker.make({ layers: 20, layerBytes: 10_000 })
  const counted: Counted[] = []
  for (const blob of image.blobs) await pushBlob(actor.client, NAME, blob, 'containerd')
  const put = ({ client }: Actor) => pushManifest(client, NAME, 'v1', image)
  counted.push(await count(actor, { id: 'manifest-put-20-layers', run: put }))
  const again = ({ client }: Actor) => pushImage(client, NAME, 'v1', image, 'containerd')
  counted.push(await count(actor, { id: 'push-again-20-layers', run: again }))
  for (const errand of readsOf(image)) {
    // Whoever remembers anything must not have it remembered from another errand.
    await actor.restart()
    counted.push(await count(actor, errand))
    counted.push(await count(actor, { ...errand, id: `${errand.id}-again` }))
  }
  await actor.restart()
  const pull = ({ client }: Actor) => pullImage(client, NAME, 'v1', image)
  counted.push(await count(actor, { id: 'pull-20-layers', run: pull }))
  return counted
}

/** Counts all errands of a registry on a stage with a proxy. */
export const countAll = async (actor: Actor, maker: ImageMaker): Promise<Counted[]> => {
  // The first push may do what others need not do again.
  const first = maker.make({ layers: 1, layerBytes: 1000 })
  await pushImage(actor.client, 'counted/first', 'v1', first, 'docker')
  return [...(await countPushes(actor, maker)), ...(await countImage(actor, maker))]
}
