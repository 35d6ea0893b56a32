/**
 * A record of the latest state of an upload in chunks, besides the state that the client carries.
 *
 * A client that lost a response comes with an older state. This record tells it how far the upload
 * is, so that it continues there instead of sending a chunk again. Nothing relies on it: without the
 * record, or with an older one, the client's own state is good enough.
 *
 * Only requests with Content-Range write it: clients that send a blob at once cannot resume.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { uploadLatestStateKey } from '../layout.ts'
import type { StateSealer, UploadState } from './state.ts'

/** Most bytes of a sealed state. */
const MAX_TOKEN = 16 * 1024

export interface LatestStates {
  /** The latest state that is known: the given one or a later one. One operation. */
  latest(state: UploadState): Promise<UploadState>
  /** Records a state as the latest. One operation. */
  record(state: UploadState): Promise<void>
}

/** Records of latest states in a store. */
export const createLatestStates = (store: ObjectStore, sealer: StateSealer): LatestStates => ({
  async latest(state) {
    const read = await store.get(uploadLatestStateKey(state.uuid))
    if (read === undefined) return state
    // A record that is damaged is of no use.
    const latest = await readAll(read.body, MAX_TOKEN)
      .then((token) => sealer.open(String(token), state.name, state.uuid))
      .catch(() => state)
    return latest.offset > state.offset ? latest : state
  },

  async record(state) {
    await store.put(uploadLatestStateKey(state.uuid), Buffer.from(await sealer.seal(state)))
  },
})
