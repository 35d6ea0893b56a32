/**
 * Pushes and pulls of whole images.
 *
 * @module
 */

import { pullImage } from '../client/pull.ts'
import { type PushStyle, pushImage } from '../client/push.ts'
import type { Image, ImageMaker, Shape } from '../content.ts'
import type { Scene, Step } from '../rounds.ts'
import type { Stage } from '../stage.ts'

/** The image of a transfer: how results and people call it, and what it is. */
export interface Subject extends Shape {
  readonly id: string
}

/** Seconds that a push takes, roughly, at 100 MB/s and 10 ms a blob. */
const secondsOf = ({ layers, layerBytes }: Shape): number =>
  (layers * layerBytes) / 1e8 + layers * 0.01

const push = (id: string, name: string, style: PushStyle, flushes = false): Step<Image> => ({
  id,
  flushes,
  async run({ client }, image) {
    await pushImage(client, name, 'v1', image, style)
    return undefined
  },
})

const pull = (id: string, name: string): Step<Image> => ({
  id,
  async run({ client }, image) {
    await pullImage(client, name, 'v1', image)
    return undefined
  },
  check: ({ client }, image) => pullImage(client, name, 'v1', image, true),
})

/** What is done with an image. */
export interface Transfers {
  readonly style: PushStyle
  readonly pull: boolean
  readonly again: boolean
  /** Whether flushes to the disk are counted. */
  readonly flushes?: boolean
}

/**
 * The push of an image that no registry has, its pull, and its push again.
 *
 * @param prefix begins the names of results: what store, and how
 */
export const transferScene = (
  prefix: string,
  maker: ImageMaker,
  { id, ...shape }: Subject,
  transfers: Transfers,
): Scene<Image> => {
  const name = `bench/${id}-${transfers.style}`
  const idOf = (what: string) => `${prefix}/${what}/${id}`
  return {
    prepare: () => maker.make(shape),
    seconds: secondsOf(shape),
    steps: [
      push(idOf(`push-${transfers.style}`), name, transfers.style, transfers.flushes),
      ...(transfers.pull ? [pull(idOf('pull'), name)] : []),
      ...(transfers.again ? [push(idOf('push-again'), name, transfers.style)] : []),
    ],
  }
}

/** Pulls alone, of an image that is pushed once. */
export const pullScene = (
  prefix: string,
  maker: ImageMaker,
  { id, ...shape }: Subject,
): Scene<Image> => {
  const name = `bench/${id}`
  let image: Image | undefined
  return {
    seconds: secondsOf(shape),
    async prepare({ actors }) {
      if (image !== undefined) return image
      image = maker.make(shape)
      for (const { client } of actors) await pushImage(client, name, 'v1', image, 'containerd')
      return image
    },
    sweep: 'never',
    steps: [pull(`${prefix}/pull/${id}`, name)],
  }
}

/**
 * Has all servers push and pull some small images, for what they do only once. Other registries may
 * fail at it, as distribution does on versitygw now and then: that is not ours to report.
 */
export const warmUp = async (
  { actors }: Stage,
  maker: ImageMaker,
  images: number,
): Promise<void> => {
  for (let at = 0; at < images; at++) {
    const image = maker.make({ layers: 5, layerBytes: 100_000 })
    const style = at % 2 === 0 ? 'docker' : 'containerd'
    for (const { client, peer } of actors) {
      try {
        await pushImage(client, `warm/up-${at}`, 'v1', image, style)
        await pullImage(client, `warm/up-${at}`, 'v1', image)
      } catch (error) {
        if (peer.name === 'slipway') throw error
      }
    }
  }
}

/** Clients that push and pull at once. */
export const CLIENTS = 8

/** Eight clients that push an image each at once, and pull it at once. */
export const togetherScene = (
  prefix: string,
  maker: ImageMaker,
  shape: Shape,
): Scene<readonly Image[]> => {
  const all = (images: readonly Image[], work: (name: string, image: Image) => Promise<void>) =>
    Promise.all(images.map((image, at) => work(`bench/together-${at}`, image)))
  const { layers, layerBytes } = shape
  return {
    seconds: secondsOf({ layers: layers * CLIENTS, layerBytes }),
    prepare() {
      const whole = maker.make({ layers: layers * CLIENTS, layerBytes })
      return Array.from({ length: CLIENTS }, (_, at) =>
        maker.of(whole.blobs.slice(at * layers, (at + 1) * layers)),
      )
    },
    steps: [
      {
        id: `${prefix}/push-together`,
        async run({ client }, images) {
          await all(images, (name, image) => pushImage(client, name, 'v1', image, 'containerd'))
          return undefined
        },
      },
      {
        id: `${prefix}/pull-together`,
        async run({ client }, images) {
          await all(images, (name, image) => pullImage(client, name, 'v1', image))
          return undefined
        },
      },
    ],
  }
}

/** Eight clients that push one large layer each at once: what memory that takes. */
export const largeTogetherScene = (
  prefix: string,
  maker: ImageMaker,
  layerBytes: number,
  style: PushStyle,
): Scene<readonly Image[]> => ({
  prepare: () => maker.makeLarge(CLIENTS, layerBytes),
  seconds: secondsOf({ layers: CLIENTS, layerBytes }),
  sweep: 'always',
  steps: [
    {
      id: `${prefix}/push-${style}-large-together`,
      async run({ client }, images) {
        const pushes = images.map((image, at) =>
          pushImage(client, `bench/large-${style}-${at}`, 'v1', image, style),
        )
        await Promise.all(pushes)
        return undefined
      },
    },
  ],
})
