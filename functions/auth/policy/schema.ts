/**
 * The schema of policy documents, from which docs/policy.schema.json is generated.
 *
 * @module
 */

import * as z from 'zod'
import { globFault } from '../../shared/glob.ts'
import { subjectFault } from './subject.ts'

/** A string without a fault. */
const checked = (fault: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const wrong = fault(text)
    if (wrong !== undefined) context.addIssue(wrong)
  })

const subject = checked(subjectFault).describe(
  'anonymous, authenticated, user:<name>, group:<name>, robot:<name>, certificate:<attribute>=<value> or claim:<path>=<value>; != for another value, ~ and !~ for a pattern',
)

const who = z.union([
  subject,
  z.strictObject({ all: z.array(subject).min(1).describe('Anyone who is all of these at once.') }),
])

const rule = z.strictObject({
  who: z.array(who).min(1).describe('Whom the rule is about: anyone who is one of these.'),
  repositories: z
    .array(
      checked(globFault).describe(
        `A name, or a pattern: * within a component, ** across components, \${user} for the caller's name.`,
      ),
    )
    .min(1)
    .describe('What the rule is about: any repository that one of these matches.'),
  actions: z
    .array(z.enum(['pull', 'push', 'delete', 'override', '*']))
    .min(1)
    .describe(
      'What is done to the repository; * is pull, push and delete; override is to move and delete immutable tags.',
    ),
  effect: z
    .enum(['allow', 'deny'])
    .default('allow')
    .describe('Whether the rule allows or forbids.'),
})

/** A policy document, version 1. */
export const policySchema = z.strictObject({
  $schema: z.string().optional().describe('For editors; not looked at.'),
  version: z.literal(1),
  rules: z
    .array(rule)
    .describe(
      'The first rule that matches caller, repository and action decides; without one it is denied.',
    ),
})

/** Whom a rule is about, as written. */
export type WrittenSubject = z.output<typeof who>

/** One rule as written, with defaults filled in. */
export type PolicyRule = z.output<typeof rule>

/** The JSON schema of policy documents, for editors. */
export const policyJsonSchema = (): object => ({
  title: 'Slipway policy',
  ...z.toJSONSchema(policySchema, { io: 'input' }),
})
