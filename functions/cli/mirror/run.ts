/**
 * One run of a rule.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { isPassing } from '../../transfer/copy/patience.ts'
import { BusyError, TransferError } from '../../transfer/errors.ts'
import { type Mover, openMover } from '../copying.ts'
import { CommandError } from '../errors.ts'
import { type Course, type Failure, newCourse } from '../going-on.ts'
import type { Io } from '../io.ts'
import { deleteGone } from './deletes.ts'
import type { Rule } from './parse.ts'
import { type Plan, type Planning, planOf, repositoriesOf } from './plan.ts'
import { paced } from './rate.ts'
import { type MirrorSettings, openSides } from './sides.ts'

/** Repositories that are looked through at a time. */
const AT_ONCE = 4

/** What a run needs beside its rule. */
export interface RunOptions {
  readonly settings: MirrorSettings
  readonly json: boolean
  /** Most tags that are deleted; undefined: as many as goes without saying. */
  readonly maxDeletes: number | undefined
  /** Whether somebody wants it to end. */
  readonly isStopped: () => boolean
}

/** What became of a rule. */
export interface Report {
  readonly began: number
  readonly ended: number
  /** Tags. */
  readonly copied: number
  readonly there: number
  readonly deleted: number
  readonly failures: readonly Failure[]
  /** Whether somebody ended it before all was done. */
  readonly stopped: boolean
  /** Whether it ended by itself before all was done, since all would have failed. */
  readonly givenUp: boolean
  /** Whether something failed that may not fail next time, as a network does. */
  readonly away: boolean
  /** Milliseconds after which a server wants to be asked again. */
  readonly after: number | undefined
}

/** Whether what failed may not fail soon: what is wrong with an image, or a rule, stays so. */
const mayPass = (error: unknown): boolean =>
  isPassing(error) || !(error instanceof TransferError || error instanceof CommandError)

/** Finds what there is to do in all repositories. */
const plansOf = async (planning: Planning, course: Course, isOver: () => boolean) => {
  const targets = new Map<string, string>()
  const plan = async (source: string): Promise<readonly Plan[]> => {
    if (isOver()) return []
    try {
      const target = planning.rule.renamed(source)
      const other = targets.get(target)
      if (other !== undefined) throw new TransferError(`${other} becomes ${target}, too`)
      targets.set(target, source)
      const made = await planOf(planning, source)
      course.tolerance.worked()
      return [made]
    } catch (error) {
      course.failed(source, error)
      return []
    }
  }
  return (await inBatches(await repositoriesOf(planning), plan, AT_ONCE)).flat()
}

/** Runs a rule. Nothing that fails is thrown: the report has it. */
export const runRule = async (io: Io, rule: Rule, options: RunOptions): Promise<Report> => {
  const { settings, json, isStopped } = options
  const began = io.now()
  let [copied, there, deleted, stopped] = [0, 0, 0, false]
  const course = newCourse(io, json)
  /** Whether what is to be begun next is left out. */
  const isOver = (): boolean => {
    stopped ||= isStopped()
    return stopped || course.tolerance.given !== undefined
  }
  const mover: Mover = openMover(io, json, rule.gap === undefined ? undefined : paced(io, rule.gap))
  const move = async ({ from, to, wanted }: Plan): Promise<void> => {
    if (wanted.length === 0 || isOver()) return
    await mover.move({
      ...{ from, to, wanted },
      platforms: rule.platforms,
      referrers: rule.referrers,
      goingOn: { ...course.goingOn(from.called), isOver },
      happened({ tag, there: was }) {
        if (tag === undefined) return
        if (was) there += 1
        else copied += 1
      },
      parallel: rule.concurrency,
    })
  }
  try {
    const sides = await openSides(io, mover.http, rule, settings)
    const { tolerance } = course
    const planning = { rule, sides, patience: mover.patience, tolerance }
    const plans = await plansOf(planning, course, isOver)
    for (const plan of plans) there += plan.there
    for (const plan of plans) await move(plan)
    if (rule.deletes && !isOver()) {
      const { maxDeletes } = options
      const removed = (): void => {
        deleted += 1
      }
      await deleteGone(io, { ...planning, plans, course, maxDeletes, json, isOver, removed })
    }
  } catch (error) {
    course.failed(rule.name, error)
  } finally {
    mover.close()
  }
  const { failures, errors } = course
  const after = errors.flatMap((error) => (error instanceof BusyError ? [error.after] : []))
  return {
    ...{ began, ended: io.now(), copied, there, deleted, failures },
    stopped,
    givenUp: course.tolerance.given !== undefined,
    away: after.length > 0 || errors.some(mayPass),
    after: after.length === 0 ? undefined : Math.max(...after),
  }
}
