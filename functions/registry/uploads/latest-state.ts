/**
 * The newest state of an upload in chunks, beside the one that travels with the client.
 *
 * A client whose answer was lost comes with an older state. With this record it is told how far the
 * upload is and goes on from there, rather than sending a chunk again. It is a help and nothing to
 * rely on: without it, or with an older one, the state that was shown is good enough.
 *
 * Only requests with Content-Range keep it: clients that send a blob at once cannot resume.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { uploadLatestStateKey } from '../layout.ts'
import type { StateSealer, UploadState } from './state.ts'

/** Longest sealed state. */
const MAX_TOKEN = 16 * 1024

export interface LatestStates {
  /** The newest state that is known: the one given or a later one. One operation. */
  latest(state: UploadState): Promise<UploadState>
  /** Records a state as the newest. One operation. */
  record(state: UploadState): Promise<void>
}

/** Records of newest states in a store. */
export const createLatestStates = (store: ObjectStore, sealer: StateSealer): LatestStates => ({
  async latest(state) {
    const read = await store.get(uploadLatestStateKey(state.uuid))
    if (read === undefined) return state
    const token = String(await readAll(read.body, MAX_TOKEN))
    const newest = await sealer.open(token, state.name, state.uuid).catch(() => state)
    return newest.offset > state.offset ? newest : state
  },

  async record(state) {
    await store.put(uploadLatestStateKey(state.uuid), Buffer.from(await sealer.seal(state)))
  },
})
