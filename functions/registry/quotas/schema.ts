/**
 * The schema of the document of quotas.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { repositoriesFault } from '../retention/pattern.ts'
import { bytesOf } from './bytes.ts'

/** Most quotas of a document. */
const MOST = 1000

const size = z.faultless((text) =>
  bytesOf(text) === undefined ? 'expected a size, as in 500 MB, 50 GB or 1.5 TiB' : undefined,
)

const quota = z
  .strictObject({
    repositories: z
      .array(z.faultless(repositoriesFault))
      .check(
        z.minLength(1),
        z.describe('Names, or patterns: * within a component, ** across components.'),
      ),
    hard: z.optional(size).check(z.describe('More than this is refused.')),
    soft: z.optional(size).check(z.describe('More than this is reported.')),
  })
  .check(
    z.superRefine(({ hard, soft }, context) => {
      if (hard !== undefined && soft !== undefined && bytesOf(soft)! > bytesOf(hard)!)
        context.addIssue('soft is more than hard')
    }),
  )

/** A document of quotas, version 1. A repository counts in the first that matches it. */
export const quotasSchema = z.strictObject({
  $schema: z.optional(z.string()).check(z.describe('For editors; not looked at.')),
  version: z.literal(1),
  quotas: z.array(quota).check(z.maxLength(MOST)),
})

/** A document as checked. */
export type QuotasDocument = z.output<typeof quotasSchema>
