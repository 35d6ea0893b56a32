/**
 * A process of a soak: a server, a collector, or both in one. Started by fork, and told what to do by
 * messages; its only argument is the {@link WorkerOptions}, as JSON.
 *
 * @module
 */
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createServerOf } from '../../functions/node/http-server.ts'
import { listen } from '../../functions/node/listen.ts'
import { collect } from '../../functions/registry/clean-up/collect.ts'
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { newNonce } from '../../functions/registry/clean-up/marker.ts'
import type { Times } from '../../functions/registry/clean-up/terms.ts'
import type { Sum } from '../../functions/registry/clean-up/totals.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { isStoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { silent } from '../support/hosts/start.ts'
import { plainApp } from '../support/rig/client.ts'
import { type Aim, telling } from './aim.ts'
import { openPlace, type Place, racingOnce } from './place.ts'
import { spoilers } from './spoilers.ts'
import { BOUNDS } from './times.ts'

export interface WorkerOptions {
  readonly place: Place
  /** Whether it serves. */
  readonly serves: boolean
  /** A rule that it breaks, to see that this is found. */
  readonly breaks?: string | undefined
}

/** What a worker is told. */
export type Order =
  | { readonly order: 'collect'; readonly times: Times; readonly closed: boolean }
  /** Runs again and again. */
  | { readonly order: 'keep collecting'; readonly times: Times }
  | { readonly order: 'stop collecting' }
  /** Takes what it was about to take. */
  | { readonly order: 'go on'; readonly id: string }

/** What a worker says unasked. */
export interface Told {
  readonly aim: Aim
  /** To be named in the order to go on. */
  readonly id: string
}

/** What runs have done. */
export interface Work {
  readonly runs: number
  /** Runs that the store has ended. */
  readonly failed: number
  /** By step. */
  readonly steps: Readonly<Record<string, Sum>>
  /** What the last run had planned, by step. */
  readonly planned: Readonly<Record<string, Sum>>
  readonly errors: readonly string[]
}

const options: WorkerOptions = JSON.parse(process.argv[2] ?? '')
const spoiler = spoilers[options.breaks ?? 'nothing']
if (spoiler === undefined) throw new Error(`no rule is called ${options.breaks}`)
const { around = (same: ObjectStore) => same, readsMarkers = true } = spoiler
const store = openPlace(options.place)
const collects = around(racingOnce(store))
/** Most milliseconds that a collector waits for those who come for what it is about to take. */
const LONGEST = 3_000
const waiting = new Map<string, () => void>()
/** What runs beside pushers go by. */
const aims = telling(collects, async (aim) => {
  const id = newNonce()
  const told = new Promise<void>((go) => waiting.set(id, go))
  process.send?.({ aim, id } satisfies Told)
  // A collector that died would not wait, either.
  await Promise.race([told, sleep(LONGEST)])
  waiting.delete(id)
})

const serve = async (): Promise<string> => {
  const settings = readSettings(['--listen=127.0.0.1:0', '--log-level=silent'], {})
  const secret = await uploadSecret(store)
  const registry = createRegistry({
    store,
    uploadSecret: async () => secret,
    undeletes: true,
    cleanUp: async () => readsMarkers,
    bounds: BOUNDS,
  })
  const logger = silent
  const { server } = createServerOf(plainApp(registry, { logger }), settings, { logger })
  await listen(server, settings.listen)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const steps: Record<string, Sum> = {}
const errors: string[] = []
let [runs, failed] = [0, 0]
let planned: Work['planned'] = {}
let going = false

const run = async (from: ObjectStore, times: Times, closed: boolean): Promise<void> => {
  try {
    const ended = await collect(from, {
      times,
      run: true,
      force: true,
      closed,
      report: ({ step, size = 0 }) => {
        const { things = 0, bytes = 0 } = steps[step] ?? {}
        steps[step] = { things: things + 1, bytes: bytes + size }
      },
      note: (repository, text) => void errors.push(`${repository}: ${text}`),
      progress: () => {},
      isOver: () => false,
      monotonic: () => performance.now(),
    })
    runs += 1
    if (ended.outcome === 'not-ready') errors.push(ended.why)
    if (ended.outcome === 'done') planned = ended.planned.steps as Work['planned']
  } catch (error) {
    if (!isStoreError(error, 'unavailable')) errors.push(String((error as Error).stack))
    failed += 1
  }
}

const keepCollecting = async (times: Times): Promise<void> => {
  for (going = true; going; ) {
    await run(aims, times, false)
    await sleep(500)
  }
}

let collecting: Promise<void> | undefined
process.on('message', async (order: Order) => {
  if (order.order === 'go on') {
    waiting.get(order.id)?.()
    return
  }
  if (order.order === 'keep collecting') {
    collecting = keepCollecting(order.times)
    return
  }
  going = false
  await collecting
  if (order.order === 'collect') await run(collects, order.times, order.closed)
  process.send?.({ runs, failed, steps, planned, errors } satisfies Work)
})
process.on('disconnect', () => process.exit())
await raiseFence(store)
process.send?.({ url: options.serves ? await serve() : '' })
