/**
 * Explores requests beside clean-ups: all orders of the store operations of the real code.
 *
 * @module
 */
import { LANDING } from '../../../functions/registry/clean-up/bounds.ts'
import { newNonce } from '../../../functions/registry/clean-up/marker.ts'
import type { Thing } from '../../../functions/registry/clean-up/thing.ts'
import { dataKey, layerLinkKey, tagLinkKey } from '../../../functions/registry/layout.ts'
import { condemnedLinkBody } from '../../../functions/registry/links.ts'
import type { Retention } from '../../../functions/registry/retention/retention.ts'
import { finishWhole } from '../../../functions/registry/whole/finish.ts'
import { StoreError, tookPlace } from '../../../functions/storage/errors.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { CONFIG } from '../../support/hosts/content.ts'
import { clientOf, type Send } from '../../support/rig/client.ts'
import { conflict } from '../access.ts'
import { controlled } from '../controlled.ts'
import { type Dependent, type Explored, explore } from '../explore.ts'
import { FROZEN } from '../instance.ts'
import type { Model, Service } from '../model.ts'
import { type Choose, type Death, type Finished, type Point, type Reach, runAll } from '../run.ts'
import { collectLitter, collectOnce, DAY, ignore, type Spoiled } from './collecting.ts'
import {
  brokenBy,
  type Fact,
  isOfNow,
  linkWithoutData,
  litterIn,
  tagsWithoutManifest,
} from './facts.ts'

/** What runs at once with others. */
export interface Actor {
  readonly title: string
  run(world: Acting): Promise<void>
}

/** What an actor has. */
export interface Acting {
  readonly store: ObjectStore
  readonly send: Send
  /** Milliseconds, by the clock of all. */
  now(): number
  /** Notes what a client was told. */
  told(fact: Fact): void
  /** Says that a client takes away what others rely on in a repository: nobody can help that. */
  excuse(name: string): void
  /** Says that a client has taken a repository away: what was told of it until now no longer counts. */
  forget(name: string): void
  /** Waits for some milliseconds. */
  wait(milliseconds: number): Promise<void>
  /** Notes what must not be. */
  wrong(what: string): void
  /** Lets time pass: more than the grace. */
  pass(): Promise<void>
  /** A run of the clean-up. */
  collect(): Promise<void>
  /** One that is stopped after each step, and goes on in another process long after. */
  collectInStages(): Promise<void>
  /** The part of a run that is about what is left over beside links and data. */
  collectLitter(): Promise<void>
  /** Is told of each thing that a run does. */
  collected(thing: Thing): void
  /** A run that has slept for long sends the sweep of a link that it once found condemned. */
  sweepLate(name: string): Promise<void>
  /** A delete of data that a run has sent, and given up waiting for, takes place. */
  land(): Promise<void>
}

export interface Scenario {
  readonly service: Service
  readonly before: Model
  /** What was told before. */
  readonly facts: readonly Fact[]
  readonly actors: readonly Actor[]
  readonly death?: Death
  readonly spoiled?: Spoiled
  /** Stands between what clients and commands ask, and the store. @param clock the store's; it goes on */
  readonly writers?: (store: ObjectStore, clock: { readonly now: number }) => ObjectStore
  /** Whether deletes of data are not answered, and land when an actor says so. */
  readonly late?: boolean
  /**
   * Whether the answer to the first delete that a request sends is lost. It takes place when an actor says so. One
   * without a condition is sent again at once, as clients of S3 do, and answered then.
   */
  readonly losesDeletes?: boolean | undefined
  /** Whether the service refuses the first conditional write of each key, as S3 does with a 409. */
  readonly conflicts?: boolean | undefined
  /** Most objects that a page of a listing has. Default: as many as are asked for. */
  readonly page?: number | undefined
  /** Rules in force while actors are at work; in the end there are none. */
  readonly rules?: Retention | undefined
}

export interface Outcome extends Explored {
  /** What was wrong, each with the shortest trace. */
  readonly faults: ReadonlyMap<string, readonly string[]>
  /** Most writes of each actor. */
  readonly writes: readonly number[]
}

/** Of what actors are about. */
const BLOB = CONFIG.sha256

/** A store whose listings have short pages. */
const inPages = (store: ObjectStore, page: number | undefined): ObjectStore =>
  page === undefined
    ? store
    : {
        ...store,
        list: (prefix, options = {}) =>
          store.list(prefix, { ...options, limit: Math.min(page, options.limit ?? page) }),
      }

/** A store that refuses the first conditional write of each key, whatever is there. */
const refusing = (store: ObjectStore): ObjectStore => {
  const refused = new Set<string>()
  return {
    ...store,
    async put(key, body, options) {
      if (options?.condition === undefined || refused.has(key)) return store.put(key, body, options)
      refused.add(key)
      throw new StoreError('precondition', `409 for ${key}`)
    },
  }
}

const CLOCK = '(clock)'
const SCRATCH = 'scratch'

/** Waits by the clock of all, in a moment of its own. */
const waiting =
  (store: ObjectStore, clock: { now: number }) =>
  async (milliseconds: number): Promise<void> => {
    await store.head(CLOCK)
    clock.now += milliseconds
  }

/** A client of an instance with nothing in its memory. */
export const newClient = (store: ObjectStore, { clock }: Pick<Model, 'clock'>): Promise<Send> =>
  clientOf(store, {
    now: () => clock.now,
    cleanUp: true,
    undeletes: true,
    rules: async () => FROZEN,
    wait: waiting(store, clock),
  })

/** Runs clean-ups until nothing is left to do, and says what is wrong then. */
const afterwards = async (
  model: Model,
  facts: readonly Fact[],
  spoiled: Spoiled | undefined,
): Promise<string[]> => {
  const { store, clock } = model
  for (let at = 0; at < 9; at++) {
    clock.now += 20 * DAY
    await finishWhole(store, { undelete: DAY, isOver: () => false, now: () => clock.now })
    await collectOnce(store, spoiled, clock)
    await collectLitter(store, spoiled, clock)
  }
  const send = await newClient(store, model)
  const lost: string[] = []
  for (const fact of facts) {
    const broken = isOfNow(fact) ? undefined : await brokenBy(send, fact)
    if (broken !== undefined) lost.push(`in the end ${broken}`)
  }
  return [...lost, ...(await litterIn(store)).map((each) => `for ever: ${each}`)]
}

/** Explores a scenario with at most so many runs. */
export const exploreCleanUp = async (scenario: Scenario, limit: number): Promise<Outcome> => {
  const { before, service, actors, death, spoiled, writers = (each) => each } = scenario
  const faults = new Map<string, string[]>()
  const writes = actors.map(() => 0)
  const known = new Map<string, string[]>()
  const was = await tagsWithoutManifest(await newClient(before.store, before), before.store)
  let model = before
  let facts = new Set<Fact>()
  let wrong: string[] = []
  let excused = new Set<string>()
  let sent: { readonly key: string; readonly at: number; readonly etag?: string }[] = []

  /** A store whose deletes of data are on their way, and nobody knows for how long. */
  const slow = (store: ObjectStore, { clock }: Model): ObjectStore => {
    const mine = sent
    return {
      ...store,
      async deleteOnce(key) {
        mine.push({ key, at: clock.now })
        throw new StoreError('unavailable', key)
      },
    }
  }

  /** A store that loses the answer to the first delete. */
  const losing = (store: ObjectStore, { clock }: Model): ObjectStore => {
    if (!scenario.losesDeletes) return store
    const mine = sent
    return {
      ...store,
      async deleteIf(key, etag) {
        if (mine.length > 0) return store.deleteIf(key, etag)
        mine.push({ key, etag, at: clock.now })
        throw new StoreError('unavailable', key)
      },
      async delete(keys) {
        if (mine.length === 0) mine.push(...keys.map((key) => ({ key, at: clock.now })))
        await store.delete(keys)
      },
    }
  }

  const acting = async (reach: Reach): Promise<Acting> => {
    const plain = inPages(model.store, scenario.page)
    const store = controlled(scenario.conflicts ? refusing(plain) : plain, service, reach)
    const { clock } = model
    const mine = facts
    const said = wrong
    const pardoned = excused
    const mineSent = sent
    const pass = async (): Promise<void> => {
      await store.head(CLOCK)
      clock.now += 20 * DAY
      for (const fact of mine) if (isOfNow(fact)) mine.delete(fact)
    }
    return {
      store: writers(store, clock),
      now: () => clock.now,
      collected: ignore,
      send: await newClient(writers(losing(store, model), clock), model),
      told: (fact) => void mine.add(fact),
      excuse: (name) => void pardoned.add(name),
      forget(name) {
        for (const fact of mine) if (fact.name === name) mine.delete(fact)
      },
      wait: waiting(store, clock),
      wrong: (what) => void said.push(what),
      pass,
      collect: () =>
        collectOnce(scenario.late ? slow(store, model) : store, spoiled, clock, scenario.rules),
      collectInStages: () => collectOnce(store, spoiled, clock, scenario.rules, pass),
      collectLitter: () => collectLitter(store, spoiled, clock),
      async sweepLate(name) {
        const body = condemnedLinkBody(BLOB, newNonce())
        const held = spoiled?.spoil?.(model.store, clock) ?? model.store
        // As the store would have named that version.
        const { etag } = await held.put(SCRATCH, body)
        await model.store.delete([SCRATCH])
        const spoiltStore = spoiled?.spoil?.(store, clock) ?? store
        await tookPlace(spoiltStore.deleteIf(layerLinkKey(name, BLOB), etag))
      },
      async land() {
        // Which it is, is known when it lands.
        const writes = [dataKey(BLOB), tagLinkKey('app', 'v1'), layerLinkKey('app', BLOB)]
        const access = { reads: [], lists: [], writes }
        await reach({ title: 'a delete lands', access }, async () => {
          const [first] = mineSent
          if (first === undefined) return
          if (clock.now - first.at > LANDING && !spoiled?.takesAll) return
          const { key, etag } = first
          if (etag === undefined) await model.store.delete([key])
          else await tookPlace(model.store.deleteIf(key, etag))
        })
      },
    }
  }

  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    facts = new Set(scenario.facts)
    wrong = []
    excused = new Set()
    sent = []
    const prepare = (reach: Reach) =>
      Promise.all(
        actors.map(async (actor, at) => {
          const world = await acting(reach)
          const work = async (): Promise<string> => {
            await actor.run(world)
            return 'done'
          }
          return { instance: at, run: work }
        }),
      )
    return runAll(prepare, choose, death)
  }

  const visit = async ({ points }: Finished): Promise<void> => {
    for (const at of writes.keys()) {
      const mine = points.filter((each) => each.process === at && each.access.writes.length > 0)
      writes[at] = Math.max(writes[at]!, mine.length)
    }
    const all = [...facts].filter(({ name }) => !excused.has(name))
    const key = JSON.stringify([model.contents(), wrong, all.map((fact) => JSON.stringify(fact))])
    let found = known.get(key)
    if (found === undefined) {
      const copy = model.copy()
      const send = await newClient(copy.store, copy)
      const broken = await Promise.all(all.map((fact) => brokenBy(send, fact)))
      const without = await linkWithoutData(copy.store)
      const bare = (await tagsWithoutManifest(send, copy.store)).filter((tag) => !was.includes(tag))
      const tags = bare.map((tag) => `a tag without a manifest: ${tag}`)
      found = [...wrong, ...broken, without, ...tags].filter((each) => each !== undefined)
      if (found.length === 0) found = await afterwards(model.copy(), all, spoiled)
      known.set(key, found)
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
    (death?.instance === a.process &&
      a.process === b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const explored = await explore(run, visit, limit, dependent)
  return { ...explored, faults, writes }
}
