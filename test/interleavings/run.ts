/**
 * One run: processes at once, whose operations are carried out one at a time in an order that somebody
 * else chooses.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { Access } from './access.ts'

/** An operation of a process that waits to be carried out, or was. */
export interface Point {
  /** The same in each run that went the same way so far. */
  readonly id: string
  readonly process: number
  readonly access: Access
  /** What it is, for people. */
  readonly title: string
  /** How many points had been carried out when this one was reached. */
  readonly reachedAt: number
  /** Whether it waits for a step of another process, as one that looks again after a while. */
  readonly patient?: boolean
}

/** What runs at once with others. */
export interface Process {
  /** Which instance it runs on: those of one share its memory. */
  readonly instance: number
  /** @returns what it was told */
  run(): Promise<string>
}

/** Carries an operation out when it is its turn. What no process does is carried out at once. */
export type Reach = <T>(
  what: { readonly title: string; readonly access: Access; readonly patient?: boolean },
  proceed: () => Promise<T>,
) => Promise<T>

/** An instance that ends after so many writes; what it had under way is neither done nor answered. */
export interface Death {
  readonly instance: number
  readonly afterWrites: number
}

export interface Finished {
  /** Whether it was ended before all that it began was done. */
  readonly ended: boolean
  readonly points: readonly Point[]
  /** What each process was told; undefined if it died. */
  readonly answers: readonly (string | undefined)[]
}

/**
 * Chooses the next of the waiting points. `later` waits for others to be reached; `end` ends the run.
 */
export type Choose = (waiting: readonly Point[], done: readonly Point[]) => Point | 'later' | 'end'

interface Waiting extends Point {
  proceed(): Promise<void>
}

/** Rounds of the event loop in which nothing new is reached, after which nothing more is expected. */
const QUIET = 3
/** Where one process may wait for a point of another's. */
const QUIET_TOGETHER = 30

/** A run that cannot be followed: on a busy machine, what another thread does may come in another round. */
export class Unreached extends Error {}

/** Most milliseconds to wait for what another thread does, such as encryption. */
const MOST_LATE = 5_000

/**
 * Runs processes.
 *
 * @param prepare opens them; nothing of that is a point
 * @param isIdle whether nothing is under way in another thread
 */
export const runAll = async (
  prepare: (reach: Reach) => Promise<readonly Process[]>,
  choose: Choose,
  death?: Death,
  isIdle: () => boolean = () => true,
): Promise<Finished> => {
  const who = new AsyncLocalStorage<number>()
  const waiting: Waiting[] = []
  const done: Point[] = []
  const errors: unknown[] = []
  let changes = 0
  let writes = 0
  let late = 0

  const counts = new Map<number, number>()

  const reach: Reach = (what, proceed) => {
    const process = who.getStore()
    if (process === undefined) return proceed()
    changes += 1
    const count = counts.get(process) ?? 0
    counts.set(process, count + 1)
    return new Promise((resolve, reject) => {
      waiting.push({
        ...what,
        id: `${process}.${count}`,
        process,
        reachedAt: done.length,
        proceed: () => proceed().then(resolve, reject),
      })
    })
  }

  const processes = await prepare(reach)
  const answers: (string | undefined)[] = processes.map(() => undefined)
  const running = new Set(processes.keys())

  /** Whether a process has still to come to a point, or to its end, without one of another's. */
  const isBusy = (at: number): boolean => {
    const { instance } = processes[at]!
    const shared = processes.filter((each) => each.instance === instance).length > 1
    return !waiting.some(({ process }) => shared || process === at)
  }

  const together = new Set(processes.map(({ instance }) => instance)).size < processes.length
  const enough = together ? QUIET_TOGETHER : QUIET

  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < enough || !isIdle() || [...running].some(isBusy); ) {
      const before = changes
      await turn()
      quiet = changes === before ? quiet + 1 : 0
    }
  }

  /** The points that can be next: patience ends when nobody else can go on. */
  const ready = (): readonly Point[] => {
    const able = waiting.filter(
      ({ patient, process, reachedAt }) =>
        !patient || done.slice(reachedAt).some((each) => each.process !== process),
    )
    return able.length > 0 ? able : waiting
  }

  const end = (instance: number): void => {
    for (const [at, process] of processes.entries()) {
      if (process.instance === instance) running.delete(at)
    }
    const left = waiting.filter((each) => processes[each.process]!.instance !== instance)
    waiting.splice(0, waiting.length, ...left)
  }

  for (const [at, process] of processes.entries()) {
    who
      .run(at, () => process.run())
      .then(
        (answer) => {
          if (running.has(at)) answers[at] = answer
        },
        (error) => errors.push(error),
      )
      .finally(() => {
        running.delete(at)
        changes += 1
      })
  }
  for (;;) {
    await settle()
    if (death?.afterWrites === writes) end(death.instance)
    if (errors.length > 0) throw errors[0]
    if (waiting.length === 0 && running.size === 0) return { ended: false, points: done, answers }
    const chosen = choose(ready(), done)
    if (chosen === 'end') return { ended: true, points: done, answers }
    if (chosen === 'later') {
      if (++late > MOST_LATE) throw new Unreached('a point of an earlier run is not reached again')
      await delay(1)
      continue
    }
    const at = waiting.findIndex(({ id }) => id === chosen.id)
    const [point] = waiting.splice(at, 1)
    done.push(point!)
    await point!.proceed()
    if (processes[point!.process]!.instance === death?.instance) {
      if (point!.access.writes.length > 0) writes += 1
    }
  }
}
