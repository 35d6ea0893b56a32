/**
 * Explores operations whose events are recorded. After each write, where all may die, and at each end it looks whether
 * all that a later reader finds has its record. What a process has under way at once is tried in all orders in which a
 * record can come before or after something else.
 *
 * @module
 */
import { prove } from '../../functions/events/proof.ts'
import { type EventRecord, OUTBOX } from '../../functions/events/record.ts'
import type { Recorder } from '../../functions/registry/happened.ts'
import { REPOSITORIES_PREFIX } from '../../functions/registry/layout.ts'
import { readLink } from '../../functions/registry/links.ts'
import { listPages } from '../../functions/storage/pages.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { EVERYTHING, eventsIn, recorderOf } from '../support/rig/recorded.ts'
import { conflict } from './access.ts'
import { controlled } from './controlled.ts'
import { type Dependent, explore } from './explore.ts'
import { instance } from './instance.ts'
import { type Model, NOW, type Service } from './model.ts'
import { type Choose, type Death, type Finished, type Point, runAll } from './run.ts'
import { OPERATIONS, type Operation } from './world.ts'

const WRITES = /^(?:put|copy|delete|completeMultipart)/

/** What requests do; the others are commands, and record what they are given to. */
export const REQUESTS: readonly Operation[] = OPERATIONS.filter(
  ({ title }) => !/^(?:undelete|reindex|expire)/.test(title),
)

/** All links of a store that can be read, with what they say. */
const linksIn = async (store: ObjectStore): Promise<ReadonlyMap<string, string>> => {
  const links = new Map<string, string>()
  for await (const page of listPages(store, REPOSITORIES_PREFIX)) {
    for (const { key } of page) {
      const link = await readLink(store, key)
      if (link !== undefined) links.set(key, link.target)
    }
  }
  return links
}

const LINK =
  /repositories\/([^_]+)\/(?:_manifests\/tags\/(?<tag>[^/]+)\/current|_(?<blob>layers)\/(?<a>\w+)\/(?<hex>\w+)|_manifests\/revisions\/(?<b>\w+)\/(?<revision>\w+))\/link$/

/** What has changed of a link without an event of it; undefined: it has one. */
const lacking = (
  key: string,
  target: string | undefined,
  events: readonly EventRecord[],
): string | undefined => {
  const [, repository] = LINK.exec(key) ?? []
  const { tag, a, hex, b, revision } = LINK.exec(key)?.groups ?? {}
  const digest = hex ? `${a}:${hex}` : revision ? `${b}:${revision}` : target
  const gone = target === undefined
  const has = events.some(
    (event) =>
      event.repository === repository &&
      event.target?.tag === (hex || revision ? (event.target?.tag ?? undefined) : tag) &&
      (gone && tag ? true : event.target?.digest === digest) &&
      (gone ? event.action === 'delete' : ['push', 'mount', 'undelete'].includes(event.action)),
  )
  return has ? undefined : `${key} is ${gone ? 'gone' : `now ${target}`}, and has no record`
}

export interface EventsScenario {
  readonly service: Service
  /** What is there before; it is not changed. */
  readonly before: Model
  readonly operations: readonly Operation[]
  readonly death?: Death
  /** Puts a fault into what records, to see that it is found. */
  readonly spoil?: (recorder: Recorder) => Recorder
}

export interface EventsFound {
  readonly runs: number
  readonly cut: boolean
  readonly faults: readonly string[]
  /** Most writes of a process. */
  readonly writes: readonly number[]
  /** Events that nothing is to be seen of: of requests that died, or were refused as they died. */
  readonly dropped: number
}

/** Explores a scenario with at most so many runs. */
export const checkEvents = async (
  { service, before, operations, death, spoil = (each) => each }: EventsScenario,
  limit: number,
): Promise<EventsFound> => {
  const earlier = await linksIn(before.copy().store)
  const faults = new Set<string>()
  const writes = operations.map(() => 0)
  let dropped = 0
  let model = before
  /** A push by tag that dies after the manifest's link, or is refused there, has none: nobody was told that it is pushed. */
  const byTag = operations.some(({ title }) => /tag|^push the first$/.test(title))

  const look = async ({ store }: Model, dead: boolean, refused = false): Promise<void> => {
    const now = await linksIn(store)
    const events = await eventsIn(store)
    const proved = await Promise.all(events.map((each) => prove(store, each)))
    dropped += proved.filter((each) => each === 'not').length
    const kept = events.filter((_, at) => proved[at] !== 'not')
    for (const key of new Set([...earlier.keys(), ...now.keys()])) {
      if (earlier.get(key) === now.get(key)) continue
      if ((dead || refused) && byTag && key.includes('/revisions/') && now.has(key)) continue
      const fault = lacking(key, now.get(key), kept)
      if (fault !== undefined) faults.add(fault)
    }
    if (!dead && proved.includes('not')) faults.add('a record of what has not happened is left')
  }

  /** Looks after each write. */
  const watched = (own: Model): ObjectStore =>
    intercept(own.store, async ({ operation }, proceed) => {
      const result = await proceed()
      if (WRITES.test(operation)) await look(own.copy(), true)
      return result
    })

  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    return runAll(
      async (reach) => {
        const store = controlled(watched(model), service, reach)
        const clock = { now: NOW }
        return Promise.all(
          operations.map(async (each, at) => {
            const events = spoil(recorderOf(store, EVERYTHING, () => NOW))
            const send = await instance(store, clock, events)
            return { instance: at, run: () => each.run(send, store, clock) }
          }),
        )
      },
      choose,
      death,
    )
  }

  const visit = async ({ answers, points }: Finished): Promise<void> => {
    for (const at of writes.keys()) {
      const mine = points.filter((each) => each.process === at && each.access.writes.length > 0)
      writes[at] = Math.max(writes[at]!, mine.length)
    }
    const refused = answers.some((answer) => answer?.startsWith('4'))
    await look(model, answers.includes(undefined), refused)
  }

  const isRecord = ({ access }: Point): boolean =>
    access.writes.some((key) => key.startsWith(OUTBOX))

  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) ||
    (a.process === b.process && (isRecord(a) || isRecord(b))) ||
    (death?.instance === a.process &&
      a.process === b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const { runs, cut } = await explore(run, visit, limit, dependent)
  return { runs, cut, faults: [...faults], writes, dropped }
}

/** The same with each death of one of the operations, and without. */
export const checkDeaths = async (
  scenario: Omit<EventsScenario, 'death'>,
  limit: number,
): Promise<EventsFound> => {
  const first = await checkEvents(scenario, limit)
  const all = [first]
  for (const [instance, most] of first.writes.entries()) {
    for (let afterWrites = 0; afterWrites < most; afterWrites++) {
      all.push(await checkEvents({ ...scenario, death: { instance, afterWrites } }, limit))
    }
  }
  return {
    runs: all.reduce((sum, { runs }) => sum + runs, 0),
    cut: all.some(({ cut }) => cut),
    faults: [...new Set(all.flatMap(({ faults }) => faults))],
    writes: first.writes,
    dropped: all.reduce((sum, { dropped }) => sum + dropped, 0),
  }
}
