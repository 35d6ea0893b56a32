/**
 * The schema of the rules on tags, from which docs/retention.schema.json is generated.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { ageOf } from './age.ts'
import { repositoriesFault, tagsFault } from './pattern.ts'

const repositories = z
  .array(
    z
      .faultless(repositoriesFault)
      .check(z.describe('A name, or a pattern: * within a component, ** across components.')),
  )
  .check(
    z.minLength(1),
    z.describe('What the rule is about: any repository that one of these matches.'),
  )

const patterns = z
  .array(z.faultless(tagsFault).check(z.describe('A tag, or a pattern: * is any part of it.')))
  .check(z.minLength(1))

const age = z.faultless((text) =>
  ageOf(text) === undefined ? 'expected an age, as in 12h, 30d, 8w or 1y' : undefined,
)

const immutable = z.strictObject({
  repositories,
  tags: z
    ._default(patterns, ['*'])
    .check(z.describe('Tags that cannot be moved or deleted; all by default.')),
  except: z
    ._default(z.array(z.faultless(tagsFault)), [])
    .check(z.describe('Tags that can all the same, such as latest or dev-*.')),
})

const keep = z.union([
  z.literal('always').check(z.describe('Whatever matches is kept.')),
  z.strictObject({
    newest: z
      .int()
      .check(
        z.minimum(1),
        z.maximum(100_000),
        z.describe(
          'The images that were pushed last, so many in each repository; tags of one image count once.',
        ),
      ),
  }),
  z.strictObject({ pushedWithin: age.check(z.describe('What was pushed within this time.')) }),
  z.strictObject({
    pulledWithin: age.check(z.describe('What was pulled, or pushed, within this time.')),
  }),
])

const remove = z.union([
  z
    .literal('always')
    .check(z.describe('Whatever matches is removed, unless another rule keeps it.')),
  z.strictObject({ notPushedFor: age.check(z.describe('What was pushed so long ago.')) }),
  z.strictObject({
    notPulledFor: age.check(z.describe('What was last pulled, or pushed, so long ago.')),
  }),
])

const rule = z
  .strictObject({
    name: z
      .string()
      .check(z.minLength(1), z.maxLength(100), z.describe('What previews and logs call the rule.')),
    repositories,
    tags: z.optional(patterns).check(z.describe('Tags that the rule is about.')),
    except: z.optional(patterns).check(z.describe('Tags that it is not about all the same.')),
    untagged: z
      .optional(z.literal(true))
      .check(z.describe('The rule is about manifests without a tag that nothing else needs.')),
    keep: z.optional(keep),
    remove: z.optional(remove),
    allTags: z
      .optional(z.literal(true))
      .check(z.describe('All other tags of an image that the rule keeps are kept, too.')),
    evenImmutable: z
      .optional(z.literal(true))
      .check(z.describe('Immutable tags are removed, too.')),
  })
  .check(
    z.superRefine(
      (
        { tags, except, untagged, keep: keeps, remove: removes, allTags, evenImmutable },
        context,
      ) => {
        if ((tags === undefined) === (untagged === undefined)) {
          context.addIssue('expected either tags or untagged')
        } else if ((keeps === undefined) === (removes === undefined)) {
          context.addIssue('expected either keep or remove')
        } else if (except && untagged) {
          context.addIssue('except is for rules about tags')
        } else if (evenImmutable && (untagged || keeps !== undefined)) {
          context.addIssue('evenImmutable is for rules that remove tags')
        } else if (allTags && (untagged || keeps === undefined)) {
          context.addIssue('allTags is for rules that keep tags')
        }
      },
    ),
  )

/** A document of rules, version 1. */
export const retentionSchema = z.strictObject({
  $schema: z.optional(z.string()).check(z.describe('For editors; not looked at.')),
  version: z.literal(1),
  immutable: z
    ._default(z.array(immutable), [])
    .check(
      z.describe('Tags that, once pushed, keep their digest; those that any of these matches.'),
    ),
  rules: z._default(z.array(rule), []).check(
    z.superRefine((rules, context) => {
      const names = rules.map(({ name }) => name)
      const at = names.findIndex((name, index) => names.indexOf(name) !== index)
      if (at !== -1)
        context.addIssue({
          code: 'custom',
          path: [at, 'name'],
          message: 'another rule has this name',
        })
    }),
    z.describe(
      'What is kept and what goes. What no rule removes stays; a rule that keeps beats one that removes.',
    ),
  ),
})

/** A document as checked, with defaults filled in. */
export type RetentionDocument = z.output<typeof retentionSchema>

/** A document as people write it. */
export type RetentionInput = z.input<typeof retentionSchema>

/** The JSON schema of the rules, for editors. */
export const retentionJsonSchema = (): object => ({
  title: 'Slipway rules on tags',
  ...z.toJSONSchema(retentionSchema, { io: 'input' }),
})
