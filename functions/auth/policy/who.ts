/**
 * The schema of those whom a part of a policy is about.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { subjectFault } from './subject.ts'

const subject = z
  .faultless(subjectFault)
  .check(
    z.describe(
      'anonymous, authenticated, user:<name>, group:<name>, robot:<name>, aws:<account or ARN>, certificate:<attribute>=<value> or claim:<path>=<value>; != for another value, ~ and !~ for a pattern',
    ),
  )

/** Anyone who is one, or all of several at once. */
export const whoSchema = z.union([
  subject,
  z.strictObject({
    all: z.array(subject).check(z.minLength(1), z.describe('Anyone who is all of these at once.')),
  }),
])

/** Whom a rule is about, as written. */
export type WrittenSubject = z.output<typeof whoSchema>

/** All subjects in these, as written, each once. */
export const subjectsIn = (who: readonly WrittenSubject[]): readonly string[] => [
  ...new Set(who.flatMap((each) => (typeof each === 'string' ? each : each.all))),
]
