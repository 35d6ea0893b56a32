/**
 * ECR's lifecycle policies as rules.
 *
 * There, an image that a rule of a higher priority is about is left alone by all others; here each rule excepts
 * the tags of those before it. ECR counts images with any of their tags, and those that rules before it are
 * about; here each rule counts what is its own, so it may keep more, and never removes more.
 *
 * @module
 */

import { DocumentError } from '../../../shared/errors.ts'
import * as z from '../../../shared/schema.ts'
import { parseYaml } from '../../../shared/yaml.ts'
import type { RetentionInput } from '../schema.ts'

const selection = z.object({
  tagStatus: z.enum(['tagged', 'untagged', 'any']),
  tagPrefixList: z.optional(z.array(z.string())),
  tagPatternList: z.optional(z.array(z.string())),
  countType: z.enum([
    'imageCountMoreThan',
    'sinceImagePushed',
    'sinceImagePulled',
    'sinceImageTransitioned',
  ]),
  countNumber: z.int().check(z.minimum(1)),
  countUnit: z.optional(z.literal('days')),
})

const schema = z.object({
  rules: z.array(
    z.object({
      rulePriority: z.int(),
      description: z.optional(z.string()),
      selection,
      action: z.object({ type: z.string() }),
    }),
  ),
})

type EcrRule = z.output<typeof schema>['rules'][number]
type Rule = NonNullable<RetentionInput['rules']>[number]

/** The pattern of a rule's tags. @throws DocumentError for what cannot be said here */
const patternOf = ({ rulePriority, selection: { tagStatus, ...lists } }: EcrRule): string => {
  if (tagStatus === 'any') return '*'
  const patterns = [
    ...(lists.tagPatternList ?? []),
    ...(lists.tagPrefixList ?? []).map((prefix) => `${prefix}*`),
  ]
  const [pattern] = patterns
  if (pattern !== undefined && patterns.length === 1) return pattern.replaceAll(/\*+/g, '*')
  throw new DocumentError(
    `rule ${rulePriority} is about images that have all of ${patterns.length} tags, which cannot be said here: give each pattern a rule of its own`,
  )
}

const deedsOf = ({
  rulePriority,
  selection: { countType, countNumber },
  action,
}: EcrRule): readonly Pick<Rule, 'keep' | 'remove'>[] => {
  if (action.type !== 'expire' || countType === 'sinceImageTransitioned') {
    throw new DocumentError(
      `rule ${rulePriority} is about an archive (${action.type}, ${countType}), and there is none here: leave it out`,
    )
  }
  const age = `${countNumber}d`
  if (countType === 'sinceImagePushed') return [{ remove: { notPushedFor: age } }]
  if (countType === 'sinceImagePulled') return [{ remove: { notPulledFor: age } }]
  return [{ keep: { newest: countNumber } }, { remove: 'always' }]
}

/**
 * Rules that do what a lifecycle policy does.
 *
 * @param repositories patterns of the repositories that it was for
 * @throws DocumentError for a document that is none, or says what cannot be said here
 */
export const importEcr = (text: string, repositories: readonly string[]): RetentionInput => {
  const fieldsAt = () => 'those that ECR documents'
  const { rules } = parseYaml(text, { what: 'lifecycle policy', schema, fieldsAt })
  const sorted = rules.toSorted((a, b) => a.rulePriority - b.rulePriority)
  const before: string[] = []
  const converted: Rule[] = []
  for (const each of sorted) {
    const { tagStatus } = each.selection
    const title = `${each.rulePriority}${each.description ? `: ${each.description}` : ''}`.slice(
      0,
      80,
    )
    const about: Pick<Rule, 'tags' | 'except' | 'untagged'>[] = []
    if (tagStatus !== 'untagged') {
      const pattern = patternOf(each)
      about.push({ tags: [pattern], ...(before.length > 0 ? { except: [...before] } : {}) })
      before.push(pattern)
    }
    if (tagStatus !== 'tagged') about.push({ untagged: true })
    for (const what of about) {
      for (const deed of deedsOf(each)) {
        const name = `${title}, ${deed.keep ? 'keep' : 'remove'}${what.untagged ? ' untagged' : ''}`
        converted.push({ name, repositories: [...repositories], ...what, ...deed })
      }
    }
  }
  return { version: 1, rules: converted }
}
