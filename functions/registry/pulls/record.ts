/**
 * Writes the record of pulls: an empty object for each manifest, whose time of writing says when. It is
 * written again at most every {@link RECORDED_FOR}, whatever is pulled. Beside it stands since when pulls are
 * recorded without a gap: what was never pulled since then has no object.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import { PULLS_SINCE_KEY, pulledKey } from '../layout.ts'
import { RECORDED_FOR, SILENT_FOR } from './bounds.ts'

/** A manifest that was pulled. */
export interface Pull {
  readonly repository: string
  readonly digest: string
}

/** Operations at once; nobody waits for them. */
const AT_ONCE = 8

const NOTHING = new Uint8Array()

/**
 * Records pulls. One operation for what was recorded within {@link RECORDED_FOR}, otherwise two.
 *
 * @param now milliseconds
 * @param recorded is told until when no record of the same manifest is needed
 * @throws StoreError for what cannot be written; the rest may be, or not
 */
export const recordPulls = async (
  store: ObjectStore,
  pulls: readonly Pull[],
  now: number,
  recorded: (pull: Pull, until: number) => void = () => {},
): Promise<void> => {
  await inBatches(
    pulls,
    async (pull) => {
      const key = pulledKey(pull.repository, pull.digest)
      const last = (await store.head(key))?.modified.getTime()
      const isOld = last === undefined || last <= now - RECORDED_FOR
      if (isOld) await store.put(key, NOTHING)
      recorded(pull, (isOld ? now : last) + RECORDED_FOR)
    },
    AT_ONCE,
  )
}

/** Most bytes of what stands beside the records. */
const MAX_BYTES = 1024

/** What stands beside the records. */
export const recordingSchema = z.object({ since: z.iso.datetime(), until: z.iso.datetime() })

interface Recording {
  readonly etag: string
  /** Milliseconds; undefined where that cannot be read. */
  readonly said: { readonly since: number; readonly until: number } | undefined
}

const parseSaid = (text: string): Recording['said'] => {
  try {
    const { since, until } = recordingSchema.parse(JSON.parse(text))
    return { since: Date.parse(since), until: Date.parse(until) }
  } catch {
    return undefined
  }
}

const readRecording = async (store: ObjectStore): Promise<Recording | undefined> => {
  const read = await store.get(PULLS_SINCE_KEY)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { etag, said: undefined }
  }
  return { etag, said: parseSaid((await readAll(read.body, MAX_BYTES)).toString()) }
}

/** What was said, if it holds on until now. */
const goesOn = (recording: Recording | undefined, now: number): Recording['said'] => {
  const said = recording?.said
  return said && said.until >= now - SILENT_FOR ? said : undefined
}

/**
 * Since when pulls are recorded; undefined: they are not, or nobody has said so for {@link SILENT_FOR}. One
 * operation.
 *
 * @param now milliseconds
 */
export const pullsSince = async (store: ObjectStore, now: number): Promise<number | undefined> =>
  goesOn(await readRecording(store), now)?.since

/**
 * Says that all pulls until now are recorded, as far as the caller knows: called once they are. After a gap of
 * {@link SILENT_FOR} recording begins anew. Two operations.
 *
 * @param now milliseconds
 */
export const sayRecorded = async (store: ObjectStore, now: number): Promise<void> => {
  const last = await readRecording(store)
  const said = goesOn(last, now)
  const [since, until] = [said?.since ?? now, Math.max(said?.until ?? now, now)]
  const body = { since: new Date(since).toISOString(), until: new Date(until).toISOString() }
  const condition: WriteCondition = last ? { ifMatch: last.etag } : { ifNoneMatch: '*' }
  // Whoever else says so at this moment says the same.
  await putUnlessChanged(store, PULLS_SINCE_KEY, Buffer.from(JSON.stringify(body)), condition)
}
