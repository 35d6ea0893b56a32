/**
 * The schema of policy documents, from which docs/policy.schema.json is generated.
 *
 * @module
 */

import { globFault } from '../../shared/glob.ts'
import * as z from '../../shared/schema.ts'
import { requirementSchema } from './requirement.ts'
import { whoSchema } from './who.ts'

const rule = z.strictObject({
  who: z
    .array(whoSchema)
    .check(z.minLength(1), z.describe('Whom the rule is about: anyone who is one of these.')),
  repositories: z
    .array(
      z
        .faultless(globFault)
        .check(
          z.describe(
            `A name, or a pattern: * within a component, ** across components, \${user} for the caller's name.`,
          ),
        ),
    )
    .check(
      z.minLength(1),
      z.describe('What the rule is about: any repository that one of these matches.'),
    ),
  actions: z
    .array(z.enum(['pull', 'push', 'delete', 'override', 'admin', 'fetch', '*']))
    .check(
      z.minLength(1),
      z.describe(
        'What is done to the repository; * is pull, push and delete; override is to move and delete immutable tags; admin is to use the admin API; fetch is to have an upstream asked, which whoever pulls may unless a rule denies it.',
      ),
    ),
  effect: z
    ._default(z.enum(['allow', 'deny']), 'allow')
    .check(z.describe('Whether the rule allows or forbids.')),
})

/** A policy document, version 1. */
export const policySchema = z.strictObject({
  $schema: z.optional(z.string()).check(z.describe('For editors; not looked at.')),
  version: z.literal(1),
  rules: z
    .array(rule)
    .check(
      z.describe(
        'The first rule that matches caller, repository and action decides; without one it is denied.',
      ),
    ),
  require: z
    .optional(z.array(requirementSchema).check(z.minLength(1)))
    .check(
      z.describe('What images must be, whoever pushes or pulls them; all entries that match hold.'),
    ),
})

/** A policy document as written, with defaults filled in. */
export type WrittenPolicy = z.output<typeof policySchema>

/** One rule as written, with defaults filled in. */
export type PolicyRule = z.output<typeof rule>

/** The JSON schema of policy documents, for editors. */
export const policyJsonSchema = (): object => ({
  title: 'Slipway policy',
  ...z.toJSONSchema(policySchema, { io: 'input' }),
})
