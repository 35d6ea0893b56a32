/**
 * All orders of the store operations of some processes that can make a difference: dynamic partial
 * order reduction with source sets and sleep sets (Abdulla and others, POPL 2014). Each order is a
 * run from the start.
 *
 * @module
 */
import { conflict } from './access.ts'
import { type Choose, type Finished, type Point, Unreached } from './run.ts'

/** A choice of a run: what was chosen, what will be, and what is known to bring nothing new. */
interface Choice {
  chosen: Point
  readonly waiting: readonly Point[]
  readonly tried: Map<string, Point>
  readonly todo: Set<string>
  readonly asleep: ReadonlyMap<string, Point>
}

export interface Explored {
  /** Runs that came to their end. */
  readonly runs: number
  /** Whether there are more: the limit cut them off, or they could not be followed. */
  readonly cut: boolean
}

/** Whether the order of two points that waited at the same time can make a difference. */
export type Dependent = (a: Point, b: Point) => boolean

const usual: Dependent = (a, b) => conflict(a.access, b.access)

/** Points before `at` that must come before it, as bits. */
const causes = (points: readonly Point[], dependent: Dependent) => {
  const before: bigint[] = []
  const races: (readonly [number, number])[] = []
  for (const [late, point] of points.entries()) {
    let mine = 0n
    // What a process has under way at once has no order: what was done last has led to this point, and
    // the rest only if it has led to that.
    const cause = points
      .slice(0, point.reachedAt)
      .findLastIndex((other) => other.process === point.process)
    for (let early = late - 1; early >= 0; early--) {
      if ((mine >> BigInt(early)) & 1n) continue
      const other = points[early]!
      const ordered = early === cause
      if (!ordered && !dependent(other, point)) continue
      mine |= before[early]! | (1n << BigInt(early))
      if (!ordered) races.push([early, late])
    }
    before.push(mine)
  }
  return { before, races }
}

/** The first points of what could have come before `early` and ends with `late`. */
const firsts = (before: readonly bigint[], early: number, late: number): number[] => {
  const has = (of: number, at: number): boolean => ((before[of]! >> BigInt(at)) & 1n) === 1n
  const left: number[] = []
  for (let at = early + 1; at < late; at++) if (!has(at, early)) left.push(at)
  left.push(late)
  return left.filter((at) => !left.some((other) => other < at && has(at, other)))
}

/**
 * Explores.
 *
 * @param run does one run as `choose` says
 * @param visit is given each run that came to its end
 * @param limit most runs
 */
export const explore = async (
  run: (choose: Choose) => Promise<Finished>,
  visit: (finished: Finished) => Promise<void>,
  limit: number,
  dependent: Dependent = usual,
): Promise<Explored> => {
  const choices: Choice[] = []
  let runs = 0
  // Orders that could not be followed; then not all were tried.
  let lost = false

  const choose: Choose = (waiting, done) => {
    const known = choices[done.length]
    if (known !== undefined) {
      return waiting.find(({ id }) => id === known.chosen.id) ?? 'later'
    }
    const last = choices.at(-1)
    const drowsy = last ? [...last.asleep.values(), ...last.tried.values()] : []
    const asleep = new Map(
      drowsy
        .filter(({ id }) => id !== last?.chosen.id)
        .filter((each) => last && !dependent(each, last.chosen))
        .map((each) => [each.id, each]),
    )
    const chosen = waiting.find(({ id }) => !asleep.has(id))
    if (chosen === undefined) return 'end'
    const tried = new Map([[chosen.id, chosen]])
    choices.push({ chosen, waiting: [...waiting], tried, todo: new Set(), asleep })
    return chosen
  }

  for (;;) {
    const finished = await run(choose).catch((error: unknown) => {
      if (!(error instanceof Unreached)) throw error
      lost = true
      return undefined
    })
    if (finished?.ended === false) {
      runs += 1
      await visit(finished)
    }
    // Also of a run that was ended since all that could come next had been tried: the order of what came
    // before that may be shown by no other.
    const points = finished?.points ?? []
    const { before, races } = causes(points, dependent)
    for (const [early, late] of races) {
      const { waiting, tried, todo, asleep } = choices[early]!
      const ids = firsts(before, early, late).map((at) => points[at]!.id)
      if (ids.some((id) => tried.has(id) || todo.has(id) || asleep.has(id))) continue
      const there = waiting.map(({ id }) => id)
      const first = ids.find((id) => there.includes(id))
      // On one instance a process may have waited for another's point: then all are tried.
      for (const id of first === undefined ? there : [first]) {
        if (!tried.has(id) && !asleep.has(id)) todo.add(id)
      }
    }
    for (;;) {
      const last = choices.at(-1)
      if (last === undefined) return { runs, cut: lost }
      const [next] = last.todo
      if (next === undefined) {
        choices.pop()
        continue
      }
      last.todo.delete(next)
      const point = last.waiting.find(({ id }) => id === next)
      if (point === undefined) throw new Error(`${next} did not wait there`)
      last.chosen = point
      last.tried.set(next, point)
      break
    }
    if (runs >= limit) return { runs, cut: true }
  }
}
