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
  /** What they were made of. */
  readonly errors: readonly unknown[]
  /** Notes that something failed. */
  failed(what: string, error: unknown): void
  /** What a move needs. @param called what messages call the repository that images come from */
  goingOn(called: string): GoingOn
}

/** Begins with no failure. @param json whether each failure is printed as an object at once */
export const newCourse = (io: Pick<Io, 'print'>, json: boolean): Course => {
  const tolerance = createTolerance()
  const failures: Failure[] = []
  const errors: unknown[] = []
  const failed: Course['failed'] = (what, error) => {
    tolerance.failed(error)
    const why = error instanceof Error ? error.message : String(error)
    failures.push({ what, why })
    errors.push(error)
    if (json) io.print(JSON.stringify({ event: 'failed', what, why }))
  }
  return {
    tolerance,
    failures,
    errors,
    failed,
    goingOn: (called) => ({
      isOver: () => tolerance.given !== undefined,
      copied: tolerance.worked,
      failed: ({ reference }, error) => failed(`${called}:${reference}`, error),
    }),
  }
}
