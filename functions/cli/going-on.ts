/**
 * Many images, of which some may fail: the others are copied, and what failed is told at the end.
 *
 * @module
 */

import { createTolerance, type Tolerance } from '../transfer/copy/tolerance.ts'
import type { GoingOn } from './copying.ts'
import type { Io } from './io.ts'

/** Something that failed, as it is told. */
export interface Failure {
  /** An image, or a repository. */
  readonly what: string
  readonly why: string
}

/** What became of many images. */
export interface Course {
  readonly tolerance: Tolerance
  readonly failures: readonly Failure[]
  /** Notes that something failed. */
  failed(what: string, error: unknown): void
  /** What a move needs. @param called what messages call the repository that images come from */
  goingOn(called: string): GoingOn
}

/** Begins with no failure. @param isStopped whether somebody wants it to end */
export const newCourse = (
  io: Pick<Io, 'print'>,
  json: boolean,
  isStopped: () => boolean = () => false,
): Course => {
  const tolerance = createTolerance()
  const failures: Failure[] = []
  const failed: Course['failed'] = (what, error) => {
    tolerance.failed(error)
    const why = error instanceof Error ? error.message : String(error)
    failures.push({ what, why })
    if (json) io.print(JSON.stringify({ event: 'failed', what, why }))
  }
  return {
    tolerance,
    failures,
    failed,
    goingOn: (called) => ({
      isOver: () => isStopped() || tolerance.given !== undefined,
      copied: tolerance.worked,
      failed: ({ reference }, error) => failed(`${called}:${reference}`, error),
    }),
  }
}
