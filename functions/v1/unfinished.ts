/**
 * Images that are being pushed: first their JSON, then the layer, then the checksum, each by a request of its own, to
 * whichever server.
 *
 * An image is one object, and each state of it is whole: the sums of a layer stand beside the JSON that they are of. So
 * two clients that push images with one id to a repository may overwrite each other's, but nothing is ever made of the
 * JSON of one and the layer of the other. Once the checksum was right, the image stays as it is, since others may build on
 * it: all writes have the version that was read as their condition.
 *
 * What is left expires with uploads.
 *
 * @module
 */

import { v1UnfinishedKey } from '../registry/layout.ts'
import * as z from '../shared/schema.ts'
import { readAll } from '../storage/bytes.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore } from '../storage/store.ts'
import { announced, layer, MOST_JSON } from './image.ts'

const schema = z.object({
  json: z.string(),
  announced: z.optional(announced),
  /** Absent until it was received. */
  layer: z.optional(layer),
  payload: z.optional(z.string()),
  /** Absent where it cannot be told. */
  tarsum: z.optional(z.string()),
  /** Whether the client has confirmed the checksum. */
  isDone: z.boolean(),
})

/** What was received of an image. */
export type Unfinished = Readonly<z.infer<typeof schema>>

/** JSON in JSON, each character escaped, and the rest. */
const MOST = 6 * MOST_JSON + 16 * 1024

export interface UnfinishedImages {
  get(name: string, id: string): Promise<Unfinished | undefined>
  /**
   * Makes the next state of the one that is there, until nobody else has made one meanwhile.
   *
   * @param next throws where there is none; gives the same where nothing is to be written
   */
  change(
    name: string,
    id: string,
    next: (current: Unfinished | undefined) => Unfinished | Promise<Unfinished>,
  ): Promise<Unfinished>
}

/** What is staged may be lost with the machine, and damaged: then the push begins anew. */
const parse = (bytes: Uint8Array): Unfinished | undefined => {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch {
    return undefined
  }
}

/** On a store. */
export const createUnfinished = (store: ObjectStore): UnfinishedImages => {
  const read = async (name: string, id: string) => {
    const object = await store.get(v1UnfinishedKey(name, id))
    if (object === undefined) return undefined
    return { state: parse(await readAll(object.body, MOST)), etag: object.info.etag }
  }
  return {
    get: async (name, id) => (await read(name, id))?.state,
    async change(name, id, next) {
      for (;;) {
        const found = await read(name, id)
        const state = await next(found?.state)
        if (state === found?.state) return state
        const condition = found ? { ifMatch: found.etag } : ({ ifNoneMatch: '*' } as const)
        const bytes = Buffer.from(JSON.stringify(state))
        if (await putUnlessChanged(store, v1UnfinishedKey(name, id), bytes, condition)) return state
      }
    },
  }
}
