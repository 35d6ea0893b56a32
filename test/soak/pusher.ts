/**
 * One of the pushers of a soak: it pushes, tags, deletes, undeletes, mounts and pulls, by chance.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { undelete } from '../../functions/registry/deleted/undelete.ts'
import { RegistryError } from '../../functions/registry/errors.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import {
  blob,
  CONFIG_TYPE,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import type { Aims, Taken } from './aim.ts'
import { any, anyLayer, NAMES } from './chance.ts'
import { ANYWHERE, type Client, type Shape } from './client.ts'
import type { History } from './history.ts'
import { pull } from './pull.ts'
import { TIMES } from './times.ts'
import { become, forgetDeleted, type Image, type Tag, type Truth } from './truth.ts'

/** Share of layers that no other image has, whose data goes with it. */
const OWN = 0.2
/** Images that a pusher keeps. */
const KEPT = 6
/** Milliseconds by which a promise may be thought to be shorter than it is. */
const MARGIN = 3_000

/**
 * Most milliseconds between two things that a pusher does. Without a pause they keep everything so busy that there
 * are few runs beside them.
 */
const PAUSE = 6_000
/** Milliseconds for which one that comes for what is about to go waits for it. */
const PATIENCE = 2_000
/** Milliseconds after which a collector that goes on has taken what it was about to take: a link; data, by three calls. */
const TAKING = { link: 300, data: 1_000 }

export interface PusherOptions {
  readonly client: Client
  readonly store: ObjectStore
  readonly truth: Truth
  readonly history: History
  /** Set for one that comes for what is about to go. */
  readonly aims?: Aims | undefined
  /** Whether to end. */
  readonly isOver: () => boolean
  /** Is awaited between two things that it does. */
  readonly between: () => Promise<void>
}

/** Runs a pusher until it is over. @param mine its number */
export const runPusher = async (mine: number, options: PusherOptions): Promise<void> => {
  const { client, store, truth, history, aims, isOver, between } = options
  const shape: Shape = mine % 2 === 0 ? 'skopeo' : 'crane'
  const images: Image[] = []
  const tags: Tag[] = []
  let pushes = 0

  const known = (content: Content): Content => {
    truth.blobs.set(content.sha256, content)
    return content
  }
  const layer = (): Content =>
    known(Math.random() < OWN ? blob(`layer ${pushes} of ${mine}`, 700) : anyLayer())

  const setTag = async (image: Image, tag: string): Promise<Answer | undefined> => {
    const { name, manifest, type } = image
    let is = tags.find((each) => each.name === name && each.tag === tag)
    if (is === undefined) {
      is = { name, tag, image, state: 'unknown', changes: 0 }
      tags.push(is)
      truth.tags.push(is)
    }
    become(is, 'unknown')
    is.image = image
    const put = await client.send(`PUT /v2/${name}/manifests/${tag}`, manifest.bytes, type)
    history.note(manifest.sha256, `${name}: PUT ${tag} ${put?.status}`)
    if (put?.status === 201) become(is, 'there')
    return put
  }

  const setDigest = async ({ name, manifest, type }: Image): Promise<Answer | undefined> => {
    const to = `PUT /v2/${name}/manifests/${manifest.sha256}`
    const put = await client.send(to, manifest.bytes, type)
    history.note(manifest.sha256, `${name}: PUT ${put?.status}`)
    return put
  }

  /** Sends a manifest, and what it needs again if that is not there. */
  const pushImage = async (image: Image, from?: string): Promise<void> => {
    const { name, manifest, blobs } = image
    for (let attempt = 0; attempt < 6; attempt++) {
      let since = performance.now()
      for (const each of blobs) {
        const told = await client.bring(shape, name, each, from)
        if (told === undefined) return
        since = Math.min(since, told)
      }
      become(image, 'unknown')
      const byTag = Math.random() < 0.8
      const put = await (byTag ? setTag(image, `p${mine}-${pushes % 5}`) : setDigest(image))
      if (put === undefined) return
      if (put.status === 201) {
        become(image, 'there')
        history.count('images pushed')
        return
      }
      const took = performance.now() - since
      if (took < TIMES.grace - MARGIN) {
        const digests = [manifest, ...blobs].map(({ sha256 }) => sha256)
        history.violated(`${name}: refused ${took | 0} ms after HEAD or 201: ${put.body}`, digests)
      } else history.count('manifests refused, too long after their blobs')
    }
  }

  const add = (part: Pick<Image, 'name' | 'manifest' | 'type' | 'blobs' | 'children'>): Image => {
    known(part.manifest)
    const image: Image = { ...part, state: 'unknown', changes: 0, deleted: 0 }
    images.push(image)
    truth.images.push(image)
    return image
  }

  const push = async (): Promise<void> => {
    pushes += 1
    const name = any(NAMES)!
    const config = known(blob(`config ${pushes % 30}`, 300))
    const layers = Array.from({ length: 1 + ((Math.random() * 3) | 0) }, layer)
    const blobs = [...new Map([config, ...layers].map((each) => [each.sha256, each])).values()]
    const manifest = imageOf(layers, {
      config: descriptorOf(CONFIG_TYPE, config),
      annotations: { push: `${mine} ${pushes}` },
    })
    const image = add({ name, manifest, type: OCI_MANIFEST, blobs, children: [] })
    await pushImage(image, Math.random() < 0.5 ? any(NAMES) : undefined)
  }

  const pushIndex = async (): Promise<void> => {
    const first = any(
      images.filter(({ state, type }) => state === 'there' && type === OCI_MANIFEST),
    )
    if (first === undefined) return
    pushes += 1
    const { name } = first
    const manifest = indexOf([first.manifest], { annotations: { push: `${mine} ${pushes}` } })
    await pushImage(add({ name, manifest, type: OCI_INDEX, blobs: [], children: [first] }))
  }

  const isChild = (image: Image): boolean =>
    images.some(({ children, state }) => state !== 'deleted' && children.includes(image))

  const deleteImage = async (): Promise<void> => {
    const image = any(images.filter((each) => each.state === 'there' && !isChild(each)))
    if (image === undefined) return
    const { name, manifest } = image
    const pointing = tags.filter((each) => each.image === image && each.state === 'there')
    become(image, 'unknown')
    for (const each of pointing) become(each, 'unknown')
    image.deleted = performance.now()
    const answer = await client.send(`DELETE /v2/${name}/manifests/${manifest.sha256}`)
    history.note(manifest.sha256, `${name}: DELETE ${answer?.status}`)
    // 404: an attempt without an answer has done it.
    if (answer?.status !== 202 && answer?.status !== 404) return
    become(image, 'deleted')
    for (const each of pointing) become(each, 'deleted')
    history.count('images deleted')
    if (Math.random() < 0.3) await undo(image, pointing)
  }

  const undo = async (image: Image, pointing: readonly Tag[]): Promise<void> => {
    const { name, manifest } = image
    become(image, 'unknown')
    for (const each of pointing) become(each, 'unknown')
    try {
      await undelete(store, name, { digest: manifest.sha256 })
    } catch (error) {
      const took = performance.now() - image.deleted
      history.note(manifest.sha256, `${name}: undelete: ${error}`)
      if (!(error instanceof RegistryError)) return
      if (took < TIMES.grace - MARGIN)
        history.violated(`undelete after ${took | 0} ms: ${error}`, [manifest.sha256])
      else become(image, 'deleted')
      return
    }
    history.note(manifest.sha256, `${name}: undeleted`)
    history.count('images undeleted')
    become(image, 'there')
    for (const each of pointing) become(each, 'there')
  }

  const deleteTag = async (): Promise<void> => {
    const tag = any(tags.filter(({ state }) => state === 'there'))
    if (tag === undefined) return
    become(tag, 'unknown')
    const answer = await client.send(`DELETE /v2/${tag.name}/manifests/${tag.tag}`)
    history.note(tag.image.manifest.sha256, `${tag.name}: DELETE ${tag.tag} ${answer?.status}`)
    if (answer?.status === 202 || answer?.status === 404) become(tag, 'deleted')
    history.count('tags deleted')
  }

  const retag = async (): Promise<void> => {
    const image = any(images.filter(({ state }) => state === 'there'))
    if (image === undefined) return
    const put = await setTag(image, `p${mine}-latest`)
    if (put !== undefined && put.status !== 201) {
      const digests = [image.manifest, ...image.blobs].map(({ sha256 }) => sha256)
      history.violated(`retag: ${put.status} ${put.body}`, digests)
    }
    history.count('retags')
  }

  /** The same bytes once more, after their delete. */
  const pushAgain = async (): Promise<void> => {
    const image = any(
      images.filter(({ state, children }) => state === 'deleted' && !children.length),
    )
    if (image !== undefined) await pushImage(image)
  }

  /** Links that no manifest will need. */
  const mountStorm = async (): Promise<void> => {
    const [source, each] = [any(truth.images), layer()]
    for (const blob of [each, ...(source?.blobs ?? [])]) {
      const from = source?.name ?? any(NAMES)!
      await client.bring(shape, any(NAMES)!, blob, from)
    }
    history.count('storms of mounts')
  }

  /** Data without a link: it is condemned by the next run, and claimed by the one after that. */
  const abandon = async (): Promise<void> => {
    pushes += 1
    const [name, each] = [any(NAMES)!, known(blob(`abandoned ${pushes} by ${mine}`, 900))]
    if ((await client.bring(shape, name, each)) === undefined) return
    const answer = await client.send(`DELETE /v2/${name}/blobs/${each.sha256}`)
    history.note(each.sha256, `${name}: DELETE ${answer?.status}`)
    history.count('blobs abandoned')
  }

  const look = async (): Promise<void> => {
    const tag = Math.random() < 0.5 ? any(truth.tags) : undefined
    const image = tag?.image ?? any(truth.images)
    if (image !== undefined) await pull(client, history, image, tag)
  }

  /** Needs what the collector is about to take, which it does before that, after it, or in between. */
  const come = async ({ name: linked, digest, go }: Taken): Promise<void> => {
    const name = linked ?? any(NAMES)!
    // Data that nobody links can be mounted, or sent again.
    const from = linked === undefined && Math.random() < 0.5 ? ANYWHERE : undefined
    const each = truth.blobs.get(digest)
    if (each === undefined) return go()
    const moment = Math.random()
    if (moment < 0.2) go()
    else if (moment < 0.6) await client.bring(shape, name, each, from)
    if (moment < 0.6) go()
    pushes += 1
    const manifest = imageOf([each], {
      config: descriptorOf(CONFIG_TYPE, each),
      annotations: { push: `${mine} ${pushes}` },
    })
    const image = add({ name, manifest, type: OCI_MANIFEST, blobs: [each], children: [] })
    await pushImage(image, from)
    history.count('pushes of what was about to go')
    go()
    // It takes it now, if it does.
    await sleep(linked === undefined ? TAKING.data : TAKING.link)
    await pull(client, history, image)
  }

  while (!isOver()) {
    await between()
    forgetDeleted(images, truth)
    const aim = await aims?.next(PATIENCE)
    if (aim !== undefined) await come(aim)
    if (aims === undefined) await sleep(Math.random() * PAUSE)
    const chance = Math.random()
    const kept = images.filter(({ state }) => state === 'there').length
    if (kept > KEPT) await deleteImage()
    else if (chance < 0.4) await push()
    else if (chance < 0.44) await pushIndex()
    else if (chance < 0.48) await pushAgain()
    else if (chance < 0.55) await mountStorm()
    else if (chance < 0.65) await retag()
    else if (chance < 0.72) await deleteTag()
    else if (chance < 0.8) await deleteImage()
    else if (chance < 0.88) await abandon()
    else await look()
  }
}
