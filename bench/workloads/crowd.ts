/**
 * One layer that a hundred clients pull at once, through the registry.
 *
 * @module
 */

import { pullBlob } from '../client/pull.ts'
import { pushImage } from '../client/push.ts'
import type { Image, ImageMaker } from '../content.ts'
import type { Scene } from '../rounds.ts'
import type { Subject } from './transfers.ts'

/** Clients that pull at once. */
const CLIENTS = 100

const NAME = 'bench/crowd'

/** @param id of the results: what store */
export const crowdScene = (
  id: string,
  maker: ImageMaker,
  { id: subject, ...shape }: Subject,
): Scene<Image> => {
  let image: Image | undefined
  return {
    seconds: (CLIENTS * shape.layerBytes) / 1e9,
    async prepare({ actors }) {
      if (image !== undefined) return image
      image = maker.make(shape)
      for (const { client } of actors) await pushImage(client, NAME, 'v1', image, 'containerd')
      return image
    },
    sweep: 'never',
    steps: [
      {
        id: `${id}/${subject}`,
        async run({ client }, { blobs: [layer] }) {
          await Promise.all(Array.from({ length: CLIENTS }, () => pullBlob(client, NAME, layer!)))
          return undefined
        },
        check: ({ client }, { blobs: [layer] }) => pullBlob(client, NAME, layer!, true),
      },
    ],
  }
}
