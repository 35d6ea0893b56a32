/**
 * What a policy requires of the images of some repositories: the part `require` of the document.
 *
 * @module
 */

import { type Glob, globFault } from '../../shared/glob.ts'
import * as z from '../../shared/schema.ts'
import type { Identity } from '../identity.ts'
import { signerSchema } from './signer.ts'
import { whoSchema } from './who.ts'

/** Whose name would stand there is not known where an image is looked at. */
const patternFault = (text: string): string | undefined =>
  text.includes('$') ? 'the name of a caller has no place here' : globFault(text)

const signed = z.strictObject({
  by: z
    .array(signerSchema)
    .check(z.minLength(1), z.describe('Whose signature is enough: that of one of these.')),
  except: z
    .optional(z.array(whoSchema).check(z.minLength(1)))
    .check(z.describe('Who may pull what is not signed, as whoever signs it must.')),
})

/** One entry of the part, as a schema. */
export const requirementSchema = z
  .strictObject({
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
      .optional(z.literal(true))
      .check(z.describe('Every layer of an image that is pushed must be encrypted, by ocicrypt.')),
    signed: z
      .optional(signed)
      .check(z.describe('An image can be pulled only if it is signed, or an index with it is.')),
    effect: z
      ._default(z.enum(['refuse', 'report']), 'refuse')
      .check(
        z.describe('What happens otherwise: it is refused; or it is only in the audit trail.'),
      ),
  })
  .check(
    z.superRefine((entry, context) => {
      if (entry.encrypted === undefined && entry.signed === undefined) {
        context.addIssue('nothing is required: expected encrypted or signed')
      }
    }),
  )

/** One entry as written, with defaults filled in. */
export type WrittenRequirement = z.output<typeof requirementSchema>

type WrittenSigned = z.output<typeof signed>

/** One entry; the same object as long as the document does not change. */
export interface Requirement extends Omit<WrittenRequirement, 'repositories' | 'signed'> {
  /** Its place in the document; the first is 1. */
  readonly at: number
  readonly repositories: readonly Glob[]
  readonly signed?:
    | {
        readonly by: WrittenSigned['by']
        /** Whether a caller may pull what is not signed. */
        excepts(identity: Identity): boolean
      }
    | undefined
}
