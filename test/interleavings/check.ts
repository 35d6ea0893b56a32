/**
 * Explores operations at once, and compares what they leave with what they leave one after the other.
 *
 * @module
 */
import type { ObjectStore } from '../../functions/storage/store.ts'
import { conflict } from './access.ts'
import { controlled } from './controlled.ts'
import { type Dependent, type Explored, explore } from './explore.ts'
import { instance } from './instance.ts'
import { type Model, NOW, type Service } from './model.ts'
import {
  type Choose,
  type Death,
  type Finished,
  type Point,
  type Process,
  type Reach,
  runAll,
} from './run.ts'
import type { Work } from './work.ts'
import { type Operation, type Picture, picture } from './world.ts'

/** Operations at once. */
export interface Scenario {
  readonly service: Service
  /** What is there before; it is not changed. */
  readonly before: Model
  readonly operations: readonly Operation[]
  /** Whether they share one instance's memory. */
  readonly together?: boolean
  readonly death?: Death
  /** Whether orders are tried that can make no difference, to see that they make none. */
  readonly naive?: boolean
  /** Puts a fault into the store, to see that it is found. */
  readonly spoil?: (store: ObjectStore) => ObjectStore
}

/** A run that left what no order leaves, or what contradicts itself. */
export interface Fault {
  readonly why: string
  /** The store operations in their order. */
  readonly trace: readonly string[]
}

export interface Checked extends Explored {
  readonly faults: readonly Fault[]
  /** All the ways in which it was seen to end. */
  readonly endings: readonly string[]
  /** Whether an ending is explained only by what came between the moments of an operation. */
  readonly inMoments: boolean
  /** Most writes of a process, beyond which its death is no different from none. */
  readonly writes: readonly number[]
}

/** A manifest may lose a blob that a client deletes: deletes of blobs are not refused. */
const excused = (fault: string, operations: readonly Operation[]): boolean =>
  fault.endsWith(' lacks LAYER') && operations.some(({ title }) => title === 'delete a blob')

/** A manifest in an index may be deleted under it, as the specification allows. */
const deletedUnder = (fault: string, operations: readonly Operation[]): boolean =>
  fault.endsWith('LIST lacks OLD') && operations.some(({ title }) => title === 'delete by digest')

/** Every order of the items of all lists in which those of each list keep theirs. */
const merges = <T>(lists: readonly (readonly T[])[]): T[][] => {
  const left = lists.filter((list) => list.length > 0)
  if (left.length === 0) return [[]]
  return left.flatMap(([item, ...rest], at) =>
    merges(left.with(at, rest)).map((others) => [item as T, ...others]),
  )
}

/** Every choice of one from each. */
const choices = <T>(ways: readonly (readonly T[])[]): T[][] =>
  ways.reduce<T[][]>((all, way) => all.flatMap((some) => way.map((each) => [...some, each])), [[]])

const keyOf = (answers: readonly (string | undefined)[], { facts }: Picture): string =>
  JSON.stringify([answers.map((each) => each ?? null), facts])

/** What operations one after the other leave. */
interface Left {
  readonly model: Model
  /** What each was told. */
  readonly answers: readonly string[]
  /** The same and one more. */
  readonly after: Map<Work, Promise<Left>>
}

/** What was begun with: many scenarios begin with the same operations. */
const beginnings = new WeakMap<Model, Left>()

/** Does one more. */
const goOn = (left: Left, work: Work): Promise<Left> => {
  const next = async (): Promise<Left> => {
    const model = left.model.copy()
    const clock = { now: NOW }
    const answer = await work(await instance(model.store, clock), model.store, clock)
    return { model, answers: [...left.answers, answer], after: new Map() }
  }
  const known = left.after.get(work) ?? next()
  left.after.set(work, known)
  return known
}

/**
 * Every way that the operations can end one after the other.
 *
 * @param inMoments whether an operation of two moments may have others between them
 */
const serialEndings = async (
  { before, operations }: Scenario,
  died: readonly boolean[],
  inMoments: boolean,
): Promise<Set<string>> => {
  const endings = new Set<string>()
  const beginning = beginnings.get(before) ?? { model: before, answers: [], after: new Map() }
  beginnings.set(before, beginning)
  // Of one that died, nothing may be left, all of it, or a part that is an operation of its own.
  const ways = operations.map(({ run, partly = [], first }, at): (readonly Work[])[] => {
    if (died[at]) return [[], [run], ...partly.map((each) => [each])]
    return inMoments && first ? [[run], [first, run]] : [[run]]
  })
  for (const chosen of choices(ways)) {
    for (const order of merges(chosen.map((works, at) => works.map((work) => ({ at, work }))))) {
      let left: Left = beginning
      for (const { work } of order) left = await goOn(left, work)
      const answers: (string | undefined)[] = operations.map(() => undefined)
      for (const [step, { at }] of order.entries()) {
        if (!died[at]) answers[at] = left.answers[step]
      }
      endings.add(keyOf(answers, await picture(left.model)))
    }
  }
  return endings
}

/** Explores a scenario with at most so many runs. */
export const check = async (scenario: Scenario, limit: number): Promise<Checked> => {
  const { before, service, operations, together = false, naive = false, death, spoil } = scenario
  const faults = new Map<string, Fault>()
  const serial = new Map<string, Set<string>>()
  let inMoments = false
  const seen = new Set<string>()
  const writes = operations.map(() => 0)
  let model = before

  const run = (choose: Choose): Promise<Finished> => {
    model = before.copy()
    const held = spoil ? spoil(model.store) : model.store
    const prepare = async (reach: Reach): Promise<Process[]> => {
      const store = controlled(held, service, reach)
      const clock = { now: NOW }
      const one = together ? await instance(store, clock) : undefined
      return Promise.all(
        operations.map(async (each, at) => {
          const send = one ?? (await instance(store, clock))
          return { instance: together ? 0 : at, run: () => each.run(send, store, clock) }
        }),
      )
    }
    return runAll(prepare, choose, death)
  }

  const visit = async ({ answers, points }: Finished): Promise<void> => {
    for (const at of writes.keys()) {
      const mine = points.filter((each) => each.process === at && each.access.writes.length > 0)
      writes[at] = Math.max(writes[at]!, mine.length)
    }
    const died = answers.map((each) => each === undefined)
    const end = await picture(model)
    const isSerial = async (moments: boolean): Promise<boolean> => {
      const kind = `${died} ${moments}`
      const orders = serial.get(kind) ?? (await serialEndings(scenario, died, moments))
      serial.set(kind, orders)
      return orders.has(key)
    }
    const key = keyOf(answers, end)
    seen.add(key)
    const wrong = end.faults.filter(
      (each) => !excused(each, operations) && !deletedUnder(each, operations),
    )
    if (!(await isSerial(false))) {
      if (await isSerial(true)) inMoments = true
      else wrong.push(`no order ends with ${key}`)
    }
    if (wrong.length === 0 || faults.has(wrong.join())) return
    const trace = points.map(({ process, title }) => `${operations[process]!.title}: ${title}`)
    faults.set(wrong.join(), { why: wrong.join('; '), trace })
  }

  const isClock = ({ title }: Point): boolean => title.endsWith('(clock)')
  // Time makes a difference to all that is remembered. Which of the writes that an instance sends at once were done when it died depends on their order.
  const dependent: Dependent = (a, b) =>
    conflict(a.access, b.access) ||
    ((together || naive || isClock(a) || isClock(b)) && a.process !== b.process) ||
    (death?.instance === a.process &&
      a.process === b.process &&
      a.access.writes.length > 0 &&
      b.access.writes.length > 0)
  const explored = await explore(run, visit, limit, dependent)
  return {
    ...explored,
    faults: [...faults.values()],
    endings: [...seen].sort(),
    inMoments,
    writes,
  }
}
