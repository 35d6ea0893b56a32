/**
 * GETs of a manifest while images are pushed and pulled: how long some of them take.
 *
 * @module
 */

import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { putLoad } from '../client/load.ts'
import { pullImage } from '../client/pull.ts'
import { pushImage } from '../client/push.ts'
import type { Blob, Image, ImageMaker } from '../content.ts'
import type { Scene } from '../rounds.ts'
import type { Actor, Stage } from '../stage.ts'

/** Clients of each kind. Those that GET wait after each answer, so that the others have their share. */
const [PUSHING, PULLING, ASKING] = [4, 4, 16]
const PAUSE = 20

/** Large enough to be swept away when a round is over; those that are pulled are not. */
const PUSHED_BYTES = 2_000_000
const PULLED = { layers: 5, layerBytes: 1_000_000 }

const NAME = 'bench/mixed'

interface Context {
  readonly pulled: Image
  /** Layers that no registry has, one for each push. */
  readonly layers: readonly Blob[]
}

/** Sizes of the workload. */
export interface Mixed {
  readonly seconds: number
  /** Pushes for which there is something new. */
  readonly pushes: number
}

/** Begins to work, one piece after the other, until it is told to end. @returns what ends it */
const keepBusy = (clients: number, work: (client: number, turn: number) => Promise<void>) => {
  let over = false
  let done = 0
  const all = Array.from({ length: clients }, async (_, client) => {
    for (let turn = 0; !over; turn++) {
      await work(client, turn)
      if (!over) done++
    }
  })
  const ended = Promise.all(all)
  // It is waited for in the end.
  ended.catch(() => {})
  return async (): Promise<number> => {
    over = true
    const inTime = done
    await ended
    return inTime
  }
}

/** @param id of the results: what store */
export const mixedScene = (
  id: string,
  maker: ImageMaker,
  { seconds, pushes }: Mixed,
): Scene<Context> => {
  let pulled: Image | undefined
  const prepare = async ({ actors }: Stage): Promise<Context> => {
    if (pulled === undefined) {
      pulled = maker.make(PULLED)
      for (const { client } of actors) await pushImage(client, NAME, 'v1', pulled, 'containerd')
    }
    const { blobs } = maker.make({ layers: pushes, layerBytes: PUSHED_BYTES })
    return { pulled, layers: blobs.slice(0, pushes) }
  }
  const run = async ({ client, address }: Actor, context: Context) => {
    const push = async (pusher: number, turn: number): Promise<void> => {
      const at = turn * PUSHING + pusher
      const image = maker.of([context.layers[at % pushes]!])
      // Whoever is faster than that pushes the same to another repository.
      const name = `${NAME}-${Math.floor(at / pushes)}-${pusher}`
      await pushImage(client, name, `v${turn}`, image, 'docker')
    }
    const endPushes = keepBusy(PUSHING, push)
    const endPulls = keepBusy(PULLING, () => pullImage(client, NAME, 'v1', context.pulled))
    const load = await putLoad({
      address,
      method: 'GET',
      paths: [`/v2/${NAME}/manifests/v1`],
      headers: { Accept: OCI_MANIFEST },
      status: 200,
      connections: ASKING,
      seconds,
      pause: PAUSE,
    })
    const [pushed, read] = await Promise.all([endPushes(), endPulls()])
    return {
      ...load,
      pushedBytesPerSecond: (pushed * PUSHED_BYTES) / seconds,
      pulledBytesPerSecond: (read * context.pulled.size) / seconds,
    }
  }
  return { prepare, seconds, steps: [{ id, run }] }
}
