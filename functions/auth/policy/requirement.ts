/**
 * What a policy requires of the images of some repositories: the part `require` of the document.
 *
 * @module
 */

import { compileGlob, type Glob, globFault } from '../../shared/glob.ts'
import * as z from '../../shared/schema.ts'

/** Whose name would stand there is not known where an image is looked at. */
const patternFault = (text: string): string | undefined =>
  text.includes('$') ? 'the name of a caller has no place here' : globFault(text)

/** One entry of the part, as a schema. */
export const requirementSchema = z.strictObject({
  repositories: z
    .array(
      z
        .faultless(patternFault)
        .check(z.describe('A name, or a pattern: * within a component, ** across components.')),
    )
    .check(
      z.minLength(1),
      z.describe('What it is about: any repository that one of these matches.'),
    ),
  encrypted: z
    .literal(true)
    .check(z.describe('Every layer of an image that is pushed must be encrypted, by ocicrypt.')),
  effect: z
    ._default(z.enum(['refuse', 'report']), 'refuse')
    .check(z.describe('What happens otherwise: it is refused; or it is only in the audit trail.')),
})

/** One entry as written, with defaults filled in. */
export type WrittenRequirement = z.output<typeof requirementSchema>

/** One entry; the same object as long as the document does not change. */
export interface Requirement extends Omit<WrittenRequirement, 'repositories'> {
  /** Its place in the document; the first is 1. */
  readonly at: number
  readonly repositories: readonly Glob[]
}

/** Compiles checked entries. */
export const compileRequirements = (
  written: readonly WrittenRequirement[],
): readonly Requirement[] =>
  written.map(({ repositories, ...rest }, index) => ({
    ...rest,
    at: index + 1,
    repositories: repositories.map(compileGlob),
  }))
