/**
 * Deletes of what is gone at the source, within bounds: a source that has lost its tags by mistake does not take
 * the copies with it.
 *
 * @module
 */

import { patiently } from '../../transfer/copy/patience.ts'
import { TransferError } from '../../transfer/errors.ts'
import type { Course } from '../going-on.ts'
import type { Io } from '../io.ts'
import type { Plan, Planning } from './plan.ts'

/** Most tags that a run deletes unless more are allowed, and most of a rule's own: one of so many. */
const MOST = 100
const SHARE = 4

/** What deletes need. */
export interface Deleting extends Planning {
  readonly plans: readonly Plan[]
  readonly course: Course
  readonly maxDeletes: number | undefined
  readonly json: boolean
  readonly isOver: () => boolean
  /** Is told of each tag that was deleted. */
  readonly removed: () => void
}

/** Deletes tags that are gone at the source; none where these are too many, which is a failure. */
export const deleteGone = async (
  io: Io,
  { rule, sides, patience, plans, course, maxDeletes, json, isOver, removed }: Deleting,
): Promise<void> => {
  const count = plans.reduce((sum, { gone }) => sum + gone.length, 0)
  const all = plans.reduce((sum, { mirrored }) => sum + mirrored, 0)
  const most = maxDeletes ?? Math.min(MOST, Math.max(1, Math.floor(all / SHARE)))
  if (count > most) {
    const what = `${count} of ${all} tags are gone at the source, more than ${most}`
    const advice = `nothing was deleted; --max-deletes ${count} allows it`
    course.failed(rule.name, new TransferError(`${what}: ${advice}`))
    return
  }
  for (const { source, target, to, gone } of plans) {
    const { called } = to
    for (const tag of gone) {
      if (isOver()) return
      try {
        // The list may be older than a push.
        if ((await patiently(() => sides.from.look(source, tag), patience)) !== undefined) continue
        await patiently(() => sides.to.removeTag(target, tag), patience)
        removed()
        if (json) io.print(JSON.stringify({ event: 'deleted', image: called, tag }))
        else io.print(`${called}:${tag} was deleted`)
      } catch (error) {
        course.failed(`${called}:${tag}`, error)
      }
    }
  }
}
