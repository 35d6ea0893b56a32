/**
 * Gives each receiver its own copy of what is in the outbox.
 *
 * A record is deleted only once each receiver that wants it has its copy, so nothing is lost wherever this dies. Done
 * again, it writes the same keys: of what was delivered meanwhile there is a second delivery, with the same id.
 *
 * Who they are is read after the listing that shows the record: whoever has written it may have seen a receiver that
 * was not there a moment before.
 *
 * What one writer did after another has its record later, and its proof later, too: a proof is looked at after its record
 * was listed, so whoever sees the second record also finds that the first has happened. So what has no proof yet keeps
 * nothing else waiting. But what the second has undone of the proof, as a push does of a delete, leaves the first unknown:
 * then the second waits, too.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { waitingKey } from './keys.ts'
import { createLanes, type Looked, laneOf } from './lanes.ts'
import { measured } from './measured.ts'
import { type Proved, prove } from './proof.ts'
import type { Receiver } from './receivers.ts'
import { type EventRecord, eventsOf, OUTBOX } from './record.ts'
import { readRecord, writeRecord } from './stored.ts'

/** Milliseconds after which no request goes on that has written a record: S3 takes one for 15 minutes. */
export const SETTLED = 20 * 60_000
/**
 * Milliseconds after which a delete counts as done, where a link that is there again hides it: a request takes seconds,
 * a function's no longer than this, and what was refused is withdrawn.
 */
export const HIDDEN = 30_000
/**
 * Milliseconds after which a link that is not there may have been, and gone again: the clean-up takes what was deleted an
 * hour before, or more, by clocks that may differ.
 */
const SWEPT = 40 * 60_000
/** Records that are deleted at once. */
const CHUNK = 100
/** Records under way at once: memory for the largest of them. */
const PARALLEL = 8

/** What was done. */
export interface FannedOut {
  /** The receivers that have new copies. */
  readonly told: ReadonlySet<string>
  /** Milliseconds until it is to be done again; undefined where nothing is left. */
  readonly again: number | undefined
}

export interface FanOutOptions {
  /** Those to whom events are sent, as the store has them now. Asked after each listing that has something. */
  readonly hearing: () => Promise<readonly Receiver[]>
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** Whether to go on; asked now and then. */
  readonly goOn: () => Promise<boolean>
  /** Is told of records that this version cannot read, and leaves. */
  readonly damaged: (key: string) => void
}

const copyFor = (receiver: Receiver, event: EventRecord): string =>
  waitingKey({
    receiver: receiver.name,
    at: String(event.at).padStart(13, '0'),
    lane: laneOf(event),
    id: event.id,
  })

/** Whether an event of so many milliseconds ago is to be told; undefined where that is not known yet. */
const isTold = (proved: Proved, { proof }: EventRecord, age: number): boolean | undefined => {
  if (proved === 'happened') return true
  if (proved === 'unknown') return age > (proof?.absent ? HIDDEN : SETTLED) || undefined
  if (age <= SETTLED) return undefined
  return !proof?.absent && age > SWEPT
}

/** Which events of a record are to be told. */
const happened = async (store: ObjectStore, record: EventRecord, now: number): Promise<Looked> => {
  const events = eventsOf(record)
  const proved: Proved[] = await Promise.all(events.map((event) => prove(store, event)))
  const told = events.map((event, at) => isTold(proved[at]!, event, now - record.at))
  if (told.includes(undefined)) {
    return { events: events.filter((_, at) => proved[at] === 'unknown'), wait: true }
  }
  const kept = events.filter((_, at) => told[at])
  return {
    events: await Promise.all(kept.map((event) => measured(store, event))),
    wait: false,
  }
}

/**
 * Goes through the outbox once.
 *
 * @throws StoreError
 */
export const fanOut = async (
  store: ObjectStore,
  { hearing, now, goOn, damaged }: FanOutOptions,
): Promise<FannedOut> => {
  const told = new Set<string>()
  let again: number | undefined

  /** @returns the events of a record; undefined where there is none to be read */
  const look = async (key: string): Promise<Looked | undefined> => {
    const read = await readRecord(store, key)
    if (read === 'damaged') damaged(key)
    if (read === undefined || read === 'damaged') return undefined
    const { value: record } = read
    const looked = await happened(store, record, now())
    if (!looked.wait) return looked
    // Mostly it takes a moment; the longer it takes, the less likely it is.
    const age = now() - record.at
    const most = age < HIDDEN ? HIDDEN - age + 1 : 60_000
    const wait = Math.min(Math.max(age / 2, 500), most)
    again = Math.min(again ?? wait, wait)
    return looked
  }

  let receivers: readonly Receiver[] = []
  const tell = async (events: readonly EventRecord[]): Promise<void> => {
    for (const event of events) {
      const wanting = receivers.filter(({ wants }) => wants(event))
      await Promise.all(wanting.map((each) => writeRecord(store, copyFor(each, event), event)))
      for (const { name } of wanting) told.add(name)
    }
  }

  const waiting = new Set<string>()
  for await (const objects of listPages(store, OUTBOX)) {
    if (objects.length > 0) receivers = await hearing()
    for (let from = 0; from < objects.length; from += CHUNK) {
      if (!(await goOn())) return { told, again: 0 }
      const keys = objects.slice(from, from + CHUNK).map(({ key }) => key)
      const inOrder = createLanes(waiting)
      const copied = await inBatches(keys, (key) => inOrder(() => look(key), tell), PARALLEL)
      await store.delete(keys.filter((_, at) => copied[at]))
    }
  }
  return { told, again }
}
