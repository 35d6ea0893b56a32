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
import { createAims } from './aim.ts'
import type { Worker } from './child.ts'
import { type Client, createClient } from './client.ts'
import { createHistory, type History } from './history.ts'
import { openPlace, type Place } from './place.ts'
import { pull } from './pull.ts'
import { runPusher } from './pusher.ts'
import { AFTERWARDS, LANDING, TIMES } from './times.ts'
import type { Truth } from './truth.ts'
import { type Walked, walk } from './walk.ts'
import type { Work } from './worker.ts'

/** Pushers at once. */
const PUSHERS = 50
/** Those of them that come for what is about to go. */
const WHO_COME = 8
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
  /** What runs have done beside the pushers, and in all. */
  readonly beside: Work
  readonly collected: Work
  readonly walked: Walked
  /** Bytes that runs have removed. */
  readonly freed: number
  /** Seconds that each part has taken. */
  readonly took: Readonly<Record<string, number>>
}

/** Notes how long parts take. */
const createStopwatch = () => {
  const took: Record<string, number> = {}
  let last = performance.now()
  return {
    took,
    /** Says that a part has ended. */
    lap(part: string): void {
      const now = performance.now()
      took[part] = Math.round((now - last) / 100) / 10
      last = now
    },
  }
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

/** Steps that must have been done beside pushers: otherwise nothing was shown. */
export const SHOWN = ['condemn-link', 'remove-link', 'condemn-data', 'remove-data']
const hasShown = ({ steps }: Work): boolean => SHOWN.every((step) => steps[step] !== undefined)
/** On a machine that is busy with other things, pushers go on for longer, so many times so many milliseconds. */
const EXTRA_TURNS = 6
const EXTRA = 20_000

/** Runs beside pushers, for so long, and until they have done something of each step. */
const collectBeside = async (
  { collector, seconds }: SoakOptions,
  isBroken: () => boolean,
): Promise<Work> => {
  const collectFor = async (milliseconds: number): Promise<Work> => {
    const end = performance.now() + milliseconds
    collector.keepCollecting(TIMES)
    while (performance.now() < end && !isBroken()) await sleep(100)
    return collector.stopCollecting()
  }
  let work = await collectFor(seconds * 1000)
  for (let turn = 0; turn < EXTRA_TURNS && !isBroken(); turn++) {
    if (hasShown(work)) break
    work = await collectFor(EXTRA)
  }
  return work
}

/** Runs that alternate with pushes. */
const collectBetween = async (
  { collector, seconds }: SoakOptions,
  isBroken: () => boolean,
  gate: ReturnType<typeof createGate>,
): Promise<Work> => {
  const end = performance.now() + seconds * 1000
  let work = await collector.stopCollecting()
  const isEnough = (): boolean =>
    performance.now() > end + (hasShown(work) ? 0 : EXTRA_TURNS * EXTRA)
  while (!isEnough() && !isBroken()) {
    await sleep(TURN)
    gate.close()
    while (gate.waiting() < PUSHERS) await sleep(20)
    work = await collector.collect(TIMES, true)
    gate.open()
  }
  return work
}

const pullAll = async (client: Client, history: History, truth: Truth): Promise<void> => {
  const pulled = new Set<string>()
  await inBatches(truth.images, (each) => pull(client, history, each, undefined, pulled), 16)
  await inBatches(truth.tags, (tag) => pull(client, history, tag.image, tag, pulled), 16)
}

const idle = ({ planned }: Work): boolean => Object.keys(planned).length === 0

/** Collects until nothing is left to be done. A store's dates may be whole seconds, and things must be one old. */
const collectAll = async (collector: Worker, closed: boolean): Promise<Work> => {
  let work = await collector.collect(AFTERWARDS, closed)
  for (let run = 0; !idle(work); run++) {
    if (run === MAX_RUNS) throw new Error(`still to be done: ${JSON.stringify(work)}`)
    await sleep(2_050 - (Date.now() % 1_000))
    work = await collector.collect(AFTERWARDS, closed)
  }
  return work
}

/** What a soak ends with when a promise was broken. */
export const broken = ({ found, violations }: History): Error =>
  new Error([`found after ${found} s`, ...violations.slice(0, 3)].join('\n\n'))

/** Runs a soak, and looks at what it leaves. @throws Error as soon as a promise to a pusher was broken */
export const soak = async (options: SoakOptions): Promise<Soaked> => {
  const { place, servers, collector, alternates = false, calm = async () => {} } = options
  const store = openPlace(place)
  const history = createHistory()
  const urls = servers.map(({ url }) => url)
  const client = createClient(urls, history)
  const truth: Truth = { images: [], tags: [], blobs: new Map() }
  const gate = createGate()
  const aims = createAims()
  collector.onAim(aims.tell)
  const watch = createStopwatch()
  const isBroken = (): boolean => history.violations.length > 0
  let ended = false
  const isOver = (): boolean => ended || isBroken()
  const pushers = Array.from({ length: PUSHERS }, async (_, mine) => {
    await runPusher(mine, {
      ...{ client, store, truth, history, isOver, between: gate.pass },
      aims: mine < WHO_COME ? aims : undefined,
    })
    gate.leave()
  })
  const beside = alternates
    ? await collectBetween(options, isBroken, gate)
    : await collectBeside(options, isBroken)
  ended = true
  await Promise.all(pushers)
  if (history.violations.length > 0) throw broken(history)
  await calm()
  watch.lap('pushes')
  // What was sent has landed by then, or no longer will.
  await sleep(LANDING)
  const later = Date.now() + 30 * DAY
  await expireUploads(store, later)
  await expireDeletions(store, new Date(later))
  await store.sweep?.(new Date(later))
  const collected = await collectAll(collector, alternates)
  watch.lap('runs')
  await pullAll(client, history, truth)
  watch.lap('pulls')
  await checkStore(store)
  const walked = await walk(store)
  watch.lap('walk')
  const freed = collected.steps['remove-data']?.bytes ?? 0
  return { history, beside, collected, walked, freed, took: watch.took }
}
