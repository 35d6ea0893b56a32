/**
 * A registry with a clean-up, on a store in memory whose clock is turned by hand.
 *
 * @module
 */
import {
  type Collected,
  type CollectOptions,
  collect,
} from '../../../functions/registry/clean-up/collect.ts'
import { raiseFence } from '../../../functions/registry/clean-up/fence.ts'
import { TIMES, type Times } from '../../../functions/registry/clean-up/terms.ts'
import type { Step, Thing } from '../../../functions/registry/clean-up/thing.ts'
import { dataKey } from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { createModel, type Model, type Service } from '../../interleavings/model.ts'
import { type ClientOptions, clientOf, type Send } from '../../support/rig/client.ts'
import { allObjects } from '../../support/rig/invariants.ts'

export const HOUR = 60 * 60_000
export const DAY = 24 * HOUR

/** Services, by name. */
export const SERVICES: readonly (readonly [string, Service])[] = [
  ['S3', { etags: 'content', conditionalDeletes: true }],
  ['versions or files', { etags: 'write', conditionalDeletes: true }],
]

/** Deleted manifests stay for a week. */
const WEEK: Times = { ...TIMES, undelete: 7 * DAY }

/** A run, and what it said. */
export interface Ran {
  readonly collected: Collected
  readonly things: readonly Thing[]
  readonly notes: readonly string[]
}

export interface World {
  readonly model: Model
  readonly store: ObjectStore
  /** A client of an instance with nothing in its memory. */
  send: Send
  /** Lets time pass, in milliseconds; instances forget. */
  pass(span: number): Promise<void>
  /** Runs the clean-up; with `force`, unless said otherwise. */
  collect(options?: Partial<CollectOptions>): Promise<Ran>
  /** Whether the data of a digest is there. */
  has(digest: string): Promise<boolean>
  /** Keys below a prefix. */
  keys(prefix: string): Promise<string[]>
}

/**
 * Opens a world.
 *
 * @param around stands between clean-up and store
 * @param model what is in it
 * @param more quotas
 */
export const openWorld = async (
  service: Service,
  around: (store: ObjectStore) => ObjectStore = (store) => store,
  model: Model = createModel(service),
  more: Pick<ClientOptions, 'quotas' | 'softLimit'> = {},
): Promise<World> => {
  const { store, clock } = model
  await raiseFence(store)
  const newClient = (): Promise<Send> =>
    clientOf(store, { now: () => clock.now, cleanUp: true, undeletes: true, ...more })
  const world: World = {
    model,
    store,
    send: await newClient(),
    async pass(span) {
      clock.now += span
      world.send = await newClient()
    },
    async collect(options = {}) {
      const things: Thing[] = []
      const notes: string[] = []
      const collected = await collect(around(store), {
        times: WEEK,
        run: true,
        force: true,
        report: (thing) => void things.push(thing),
        note: (repository, text) => void notes.push(`${repository}: ${text}`),
        progress: () => {},
        isOver: () => false,
        monotonic: () => clock.now,
        ...options,
      })
      return { collected, things, notes }
    },
    has: async (digest) => (await store.head(dataKey(digest))) !== undefined,
    keys: async (prefix) => (await allObjects(store, prefix)).map(({ key }) => key),
  }
  return world
}

/** Records of deletes go with age, whatever else is done. */
const isOfRecord = ({ step }: Thing): boolean => step === 'remove-note'

/** Steps with what they are about, in order; without those of records. */
export const stepsOf = ({ things }: Ran): string[] =>
  things
    .filter((each) => !isOfRecord(each))
    .map(({ step, digest, tag }) => `${step} ${tag ?? digest}`)
    .sort()

/** How often each step was taken; without those of records. */
export const countsOf = ({ things }: Ran): Partial<Record<Step, number>> => {
  const counts: Partial<Record<Step, number>> = {}
  for (const each of things) {
    if (!isOfRecord(each)) counts[each.step] = (counts[each.step] ?? 0) + 1
  }
  return counts
}
