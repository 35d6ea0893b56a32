/**
 * A soak: pushers beside a collector, and what must hold afterwards.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expireDeletions } from '../../functions/registry/deleted/deletions.ts'
import { expireUploads } from '../../functions/registry/uploads/expire.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { checkStore } from '../support/rig/invariants.ts'
import type { Worker } from './child.ts'
import { type Client, createClient } from './client.ts'
import { createHistory, type History } from './history.ts'
import { openPlace, type Place } from './place.ts'
import { pull } from './pull.ts'
import { runPusher } from './pusher.ts'
import { AFTERWARDS, TIMES } from './times.ts'
import type { Truth } from './truth.ts'
import { type Walked, walk } from './walk.ts'
import type { Work } from './worker.ts'

/** Pushers at once. */
const PUSHERS = 50
const DAY = 24 * 60 * 60_000
/** Runs within which nothing must be left to do. */
const MAX_RUNS = 20

export interface SoakOptions {
  readonly place: Place
  readonly servers: readonly Worker[]
  /** Where the runs are. */
  readonly collector: Worker
  readonly seconds: number
  /** Whether runs only take place while nobody pushes. */
  readonly alternates?: boolean
  /** Is called when the pushers have ended. */
  readonly calm?: () => Promise<void>
}

/** What a soak has shown. */
export interface Soaked {
  readonly history: History
  readonly collected: Work
  readonly walked: Walked
  /** Bytes that runs have removed. */
  readonly freed: number
}

/** Lets pushers go on, and wait for each other. */
const createGate = () => {
  let open = Promise.resolve()
  let release = () => {}
  let waiting = 0
  return {
    async pass(): Promise<void> {
      waiting += 1
      await open
      waiting -= 1
    },
    close(): void {
      open = new Promise((resolve) => {
        release = resolve
      })
    },
    open: () => release(),
    /** Says that one has ended. */
    leave(): void {
      waiting += 1
    },
    /** How many wait, or have ended. */
    waiting: () => waiting,
  }
}

/** Seconds of pushes between two runs that alternate with them. */
const TURN = 6_000

const collectAfter = async (
  { collector, alternates, seconds }: SoakOptions,
  gate: ReturnType<typeof createGate>,
): Promise<Work> => {
  const end = performance.now() + seconds * 1000
  if (alternates !== true) {
    collector.keepCollecting(TIMES)
    await sleep(seconds * 1000)
    return collector.stopCollecting()
  }
  let work = await collector.stopCollecting()
  while (performance.now() < end) {
    await sleep(TURN)
    gate.close()
    while (gate.waiting() < PUSHERS) await sleep(20)
    work = await collector.collect(TIMES, true)
    gate.open()
  }
  return work
}

const pullAll = async (client: Client, history: History, truth: Truth): Promise<void> => {
  await inBatches(truth.images, (image) => pull(client, history, image), 16)
  await inBatches(truth.tags, (tag) => pull(client, history, tag.image, tag), 16)
}

const idle = ({ planned }: Work): boolean => Object.keys(planned).length === 0

/** Collects until nothing is left to be done. */
const collectAll = async (collector: Worker, closed: boolean): Promise<Work> => {
  let work = await collector.collect(AFTERWARDS, closed)
  for (let run = 0; !idle(work); run++) {
    if (run === MAX_RUNS) throw new Error(`still to be done: ${JSON.stringify(work)}`)
    await sleep(2_200)
    work = await collector.collect(AFTERWARDS, closed)
  }
  return work
}

/** Runs a soak, and looks at what it leaves. */
export const soak = async (options: SoakOptions): Promise<Soaked> => {
  const { place, servers, collector, seconds, calm = async () => {} } = options
  const store = openPlace(place)
  const history = createHistory()
  const urls = servers.map(({ url }) => url)
  const client = createClient(urls, history)
  const truth: Truth = { images: [], tags: [] }
  const gate = createGate()
  const end = performance.now() + seconds * 1000
  const isOver = (): boolean => performance.now() > end || history.violations.length > 0
  const pushers = Array.from({ length: PUSHERS }, async (_, mine) => {
    await runPusher(mine, { client, store, truth, history, isOver, between: gate.pass })
    gate.leave()
  })
  await collectAfter(options, gate)
  await Promise.all(pushers)
  await calm()
  // What was sent has landed by then, or no longer will.
  await Promise.all([pullAll(client, history, truth), sleep(TIMES.claim)])
  const later = Date.now() + 30 * DAY
  await expireUploads(store, later)
  await expireDeletions(store, new Date(later))
  await store.sweep?.(new Date(later))
  const collected = await collectAll(collector, options.alternates === true)
  await pullAll(client, history, truth)
  await checkStore(store)
  const walked = await walk(store)
  const freed = collected.steps['remove-data']?.bytes ?? 0
  return { history, collected, walked, freed }
}
