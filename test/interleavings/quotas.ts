/**
 * Explores what changes the count of a quota: all orders of the store operations of the real code, with deaths. At no
 * moment is the count less than what manifests link, nor that more than the hard limit; and after a walk of a store
 * at rest, the count is right.
 *
 * @module
 */
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { openPieces } from '../../functions/registry/clean-up/pieces.ts'
import { newPlan, plan } from '../../functions/registry/clean-up/plan.ts'
import { dateOf, TIMES } from '../../functions/registry/clean-up/terms.ts'
import { undelete } from '../../functions/registry/deleted/undelete.ts'
import { cleanUpKey, QUOTAS_KEY, QUOTAS_PREFIX } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { SETTLED } from '../../functions/registry/quotas/counter.ts'
// Loaded before any run: a run counts the rounds of the event loop.
import '../../functions/registry/quotas/counting.ts'
import { settleQuotas } from '../../functions/registry/quotas/settle.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { countedBy, quotasOf, truthOf } from '../registry/quotas/truth.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { conflict } from './access.ts'
import { controlled } from './controlled.ts'
import { type Dependent, type Explored, explore } from './explore.ts'
import { createModel, type Model, type Service } from './model.ts'
import { type Choose, type Death, type Finished, type Point, type Reach, runAll } from './run.ts'

const [SMALL, LARGE] = [blob('small', 5_000), blob('large', 20_000)]

/** Images that share their config, and one that has the layer of another, too. */
export const IMAGES = {
  small: imageOf([SMALL]),
  large: imageOf([LARGE]),
  both: imageOf([SMALL, LARGE]),
} as const
export type ImageName = keyof typeof IMAGES

/** Room for the large image and a bit, but not for both. */
const { text, quotas } = quotasOf({ repositories: ['team/**'], hard: '24 kB' })
const MINUTE = 60_000

/** What an actor has. */
export interface Acting {
  readonly store: ObjectStore
  readonly send: Send
  now(): number
  /** Lets time pass, in a moment of its own. */
  pass(milliseconds: number): Promise<void>
  wrong(what: string): void
}

export interface Actor {
  readonly title: string
  /** The process that it runs on. Default: one of its own. */
  readonly instance?: number
  run(world: Acting): Promise<void>
}

/** @param name in which repository */
export const push = (name: string, image: ImageName): Actor => ({
  title: `push of ${image} to ${name}`,
  async run(world) {
    const { sha256, bytes } = IMAGES[image]
    const headers = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
    const answer = await world.send(`PUT /v2/${name}/manifests/${sha256}`, bytes, headers)
    if (![201, 403, 503].includes(answer.status))
      world.wrong(`a push is ${answer.status} ${codeOf(answer)}`)
  },
})

/** The same by a tag: that is the last write. */
export const tag = (name: string, image: ImageName): Actor => ({
  title: `tag of ${image} in ${name}`,
  async run(world) {
    const headers = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
    const answer = await world.send(`PUT /v2/${name}/manifests/v1`, IMAGES[image].bytes, headers)
    if (![201, 403, 503].includes(answer.status))
      world.wrong(`a push is ${answer.status} ${codeOf(answer)}`)
  },
})

/** A copy of what another registry has, which is not refused; by a process of its own. */
export const fetch = (name: string, image: ImageName): Actor => ({
  title: `fetch of ${image} to ${name}`,
  async run({ store, now, pass }) {
    const registry = createRegistry({
      store,
      uploadSecret: async () => new Uint8Array(32),
      now,
      cleanUp: async () => true,
      quotas: async () => quotas,
      wait: pass,
    })
    await registry.manifests.push(name, { tag: 'v1' }, IMAGES[image].bytes, OCI_MANIFEST, {
      fetched: true,
    })
  },
})

/** On one process with others of these: the first of all actors, and more. */
export const here = (actor: Actor): Actor => ({ ...actor, instance: 0 })

export const remove = (name: string, image: ImageName): Actor => ({
  title: `delete of ${image} in ${name}`,
  run: async ({ send }) =>
    void (await send(`DELETE /v2/${name}/manifests/${IMAGES[image].sha256}`)),
})

export const restore = (name: string, image: ImageName): Actor => ({
  title: `undelete of ${image} in ${name}`,
  run: async ({ store, now }) => {
    const reference = { digest: IMAGES[image].sha256 as Digest }
    await undelete(store, name, reference, undefined, now).catch(() => {})
  },
})

/** A walk, as that of a dry run; without what it notes of itself. */
const walkOnce = async (store: ObjectStore): Promise<void> => {
  const terms = { ...TIMES, date: await dateOf(store), quotas }
  const state = newPlan(openPieces(store, cleanUpKey('run/')), undefined, quotas)
  const ignore = (): void => {}
  await plan(store, state, {
    terms,
    report: ignore,
    note: ignore,
    pause: async () => false,
    monotonic: () => 0,
  })
  await settleQuotas(store, state.quotas.found(), terms.date)
}

export const walk: Actor = { title: 'walk', run: ({ store }) => walkOnce(store) }

/** Time goes on: a push that has begun before may not link any more, or what it noted has settled. */
export const time = (...spans: number[]): Actor => ({
  title: 'time',
  async run(world) {
    for (const span of spans) await world.pass(span)
  },
})

export const inTurn = (...actors: readonly Actor[]): Actor => ({
  title: actors.map(({ title }) => title).join(', '),
  async run(world) {
    for (const each of actors) await each.run(world)
  },
})

export const later = time(3 * SETTLED)
export const soon = time(10 * MINUTE)

const newClient = (store: ObjectStore, { clock }: Pick<Model, 'clock'>, wait?: Acting['pass']) =>
  clientOf(store, {
    now: () => clock.now,
    cleanUp: true,
    undeletes: true,
    quotas: async () => quotas,
    wait: wait ?? (async () => {}),
  })

/** A store in which these were pushed and these are deleted, long ago; a walk has counted it. */
export const stateOf = async (
  service: Service,
  pushed: readonly (readonly [name: string, image: ImageName])[],
  deleted: readonly (readonly [name: string, image: ImageName])[] = [],
): Promise<Model> => {
  const model = createModel(service)
  await raiseFence(model.store)
  await model.store.put(QUOTAS_KEY, Buffer.from(text))
  const send = await newClient(model.store, model)
  for (const name of ['team/a', 'team/b']) {
    for (const each of [CONFIG, SMALL, LARGE] as Content[]) await pushAtOnce(send, name, each)
  }
  const all = [...pushed, ...deleted]
  for (const [name, image] of all) {
    await pushManifest(send, name, IMAGES[image].sha256, IMAGES[image])
  }
  for (const [name, image] of deleted) {
    await send(`DELETE /v2/${name}/manifests/${IMAGES[image].sha256}`)
  }
  model.clock.now += 3 * SETTLED
  await walkOnce(model.store)
  model.clock.now += 3 * SETTLED
  return model
}

/** The same, but that these were pushed long ago, and since the walk. */
export const sinceOf = async (
  service: Service,
  pushed: readonly (readonly [name: string, image: ImageName])[],
): Promise<Model> => {
  const model = await stateOf(service, [])
  const send = await newClient(model.store, model)
  for (const [name, image] of pushed) {
    await pushManifest(send, name, 'v1', IMAGES[image])
  }
  model.clock.now += 3 * SETTLED
  return model
}

export interface Scenario {
  readonly service: Service
  readonly before: Model
  readonly actors: readonly Actor[]
  readonly death?: Death
  /** Stands between actors and the store, to see that a difference shows. */
  readonly spoil?: (store: ObjectStore) => ObjectStore
}

export interface Outcome extends Explored {
  readonly faults: ReadonlyMap<string, readonly string[]>
  /** Most writes of each instance. */
  readonly writes: ReadonlyMap<number, number>
}

/** What is wrong with the count. */
const faultOf = async (store: ObjectStore, exact: boolean): Promise<string | undefined> => {
  const [quota] = quotas.all
  const truth = (await truthOf(store, quotas)).get(quota!) ?? 0
  const count = await countedBy(store, quota!)
  if (count < truth) return 'the count is too low'
  if (truth > quota!.hard!) return 'more than the limit is linked'
  return exact && count !== truth ? 'the count is not right after a walk' : undefined
}

const CLOCK = '(clock)'
const LINK = /\/_manifests\//

/** Explores a scenario with at most so many runs. */
export const exploreQuotas = async (scenario: Scenario, limit: number): Promise<Outcome> => {
  const { before, service, actors, death, spoil = (each) => each } = scenario
  const faults = new Map<string, string[]>()
  const writes = new Map<number, number>()
  const instances = actors.map(({ instance }, at) => instance ?? at)
  let model = before
  let wrong: string[] = []

  /** Looks after each write that matters. */
  const watching = (store: ObjectStore): ObjectStore => ({
    ...store,
    async put(key, body, options) {
      const written = await store.put(key, body, options)
      if (LINK.test(key) || key.startsWith(QUOTAS_PREFIX)) {
        const fault = await faultOf(store, false)
        if (fault !== undefined) wrong.push(fault)
      }
      return written
    },
  })

  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    wrong = []
    const { clock, store: plain } = model
    const prepare = async (reach: Reach) => {
      const shared = new Map<number, Omit<Acting, 'now' | 'wrong'>>()
      for (const instance of new Set(instances)) {
        const store = spoil(controlled(watching(plain), service, reach))
        const pass = async (milliseconds: number): Promise<void> => {
          await store.head(CLOCK)
          clock.now += milliseconds
        }
        shared.set(instance, { store, pass, send: await newClient(store, model, pass) })
      }
      return Promise.all(
        actors.map(async (actor, at) => {
          const { store, send, pass } = shared.get(instances[at]!)!
          const world = {
            store,
            send,
            now: () => clock.now,
            pass,
            wrong: (it: string) => void wrong.push(it),
          }
          return {
            instance: instances[at]!,
            run: async () => {
              await actor.run(world)
              return 'done'
            },
          }
        }),
      )
    }
    return runAll(prepare, choose, death)
  }

  const visit = async ({ points }: Finished): Promise<void> => {
    for (const instance of new Set(instances)) {
      const mine = points.filter(
        (each) => instances[each.process] === instance && each.access.writes.length > 0,
      )
      writes.set(instance, Math.max(writes.get(instance) ?? 0, mine.length))
    }
    const found = [...wrong]
    if (found.length === 0) {
      const copy = model.copy()
      copy.clock.now += 3 * SETTLED
      await walkOnce(copy.store)
      const fault = await faultOf(copy.store, true)
      if (fault !== undefined) found.push(fault)
    }
    for (const each of found) {
      const trace = points.map(({ process, title }) => `${actors[process]!.title}: ${title}`)
      const shortest = faults.get(each)
      if (shortest === undefined || shortest.length > trace.length) faults.set(each, trace)
    }
  }

  const isClock = ({ title }: Point): boolean => title.endsWith(CLOCK)
  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) ||
    ((isClock(a) || isClock(b)) && a.process !== b.process) ||
    // What they remember together goes with what they write.
    (instances[a.process] === instances[b.process] &&
      a.process !== b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0) ||
    (death?.instance === instances[a.process] &&
      instances[a.process] === instances[b.process] &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const explored = await explore(run, visit, limit, dependent)
  return { ...explored, faults, writes }
}
