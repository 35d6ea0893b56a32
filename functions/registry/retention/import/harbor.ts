/**
 * Harbor's retention policies (`GET /api/v2.0/retentions/<id>`) as rules.
 *
 * There, rules say what is retained, and whatever none of them retains goes, in all repositories that any of them is
 * about, with or without a tag. An image is retained with all its tags if one of them is. Repositories are named
 * within a project.
 *
 * @module
 */

import { DocumentError, quoted } from '../../../shared/errors.ts'
import * as z from '../../../shared/schema.ts'
import { parseYaml } from '../../../shared/yaml.ts'
import { isExact, type Patterns, repositoryPatterns, tagPatterns } from './globs.ts'
import { type Imported, namesOf, type WrittenRule } from './imported.ts'

const selector = z.object({
  kind: z.optional(z.literal('doublestar')),
  decoration: z.string(),
  pattern: z.string(),
  extras: z.optional(z.string()),
})

const ruleSchema = z.object({
  disabled: z.optional(z.boolean()),
  action: z.optional(z.literal('retain')),
  template: z.string(),
  params: z.nullish(z.record(z.string(), z.unknown())),
  tag_selectors: z.nullish(z.array(selector)),
  scope_selectors: z.nullish(z.object({ repository: z.array(selector) })),
})

const schema = z.object({ algorithm: z.optional(z.literal('or')), rules: z.array(ruleSchema) })

type HarborRule = z.output<typeof ruleSchema>
type Selector = z.output<typeof selector>

/** What a rule keeps; undefined: nothing. @param warn says what has no equal */
const keepOf = (
  { template, params }: HarborRule,
  warn: (text: string) => void,
): WrittenRule['keep'] | undefined => {
  const number = (most: number): number => {
    const value = Number(params?.[template])
    if (Number.isInteger(value) && value >= 0 && value <= most) return value
    throw new DocumentError(
      `${template} is ${quoted(String(params?.[template]))}: expected a number from 0 to ${most}`,
    )
  }
  switch (template) {
    case 'always':
      return 'always'
    case 'nothing':
      return undefined
    case 'latestPushedK': {
      const newest = number(100_000)
      return newest === 0 ? undefined : { newest }
    }
    case 'nDaysSinceLastPush':
      return { pushedWithin: `${number(99_999)}d` }
    case 'nDaysSinceLastPull':
      return { pulledWithin: `${number(99_999)}d` }
    default:
      warn(`${template} has no equal here: all that the rule is about is kept`)
      return 'always'
  }
}

/** Whether a selector takes images without a tag; of Harbor's two ways to say so. */
const takesUntagged = ({ decoration, extras }: Selector): boolean => {
  const excludes = decoration === 'excludes'
  let flag = !excludes
  try {
    if (extras) flag = (JSON.parse(extras) as { untagged?: unknown }).untagged === true
  } catch {
    // As Harbor does: what cannot be read says nothing.
  }
  return excludes ? !flag : flag
}

interface Tags {
  readonly about: Pick<WrittenRule, 'tags' | 'except'>
  /** Whether they are just those that Harbor's rule is about. */
  readonly exact: boolean
}

/** The tags that a rule keeps something of: at least those that Harbor's is about. */
const tagsOf = (selectors: readonly Selector[], warn: (text: string) => void): Tags => {
  if (selectors.length > 1) warn('of several selectors of tags, the first alone is taken')
  const [first] = selectors
  if (first === undefined) return { about: { tags: ['*'] }, exact: true }
  const patterns = tagPatterns(first.pattern)
  const exact = isExact(patterns) && selectors.length === 1
  if (!isExact(patterns))
    warn(`the tags ${quoted(first.pattern)} cannot be said exactly: more is kept`)
  if (first.decoration === 'matches') return { about: { tags: [...patterns.atLeast] }, exact }
  if (first.decoration === 'excludes') {
    const except = patterns.atMost.length > 0 ? { except: [...patterns.atMost] } : {}
    return { about: { tags: ['*'], ...except }, exact }
  }
  throw new DocumentError(`${quoted(first.decoration)} is not known: expected matches or excludes`)
}

/** Puts patterns into projects. */
const within = (projects: readonly string[], { atLeast, atMost }: Patterns): Patterns => {
  const put = (patterns: readonly string[]): string[] =>
    projects.flatMap((project) => patterns.map((each) => project.replace(/\*\*$/, '') + each))
  return { atLeast: put(atLeast), atMost: put(atMost) }
}

interface Scope {
  /** Repositories in which the rule keeps. */
  readonly keeps: readonly string[]
  /** Repositories in which what no rule keeps goes. */
  readonly removes: readonly string[]
  /** Repositories of which nothing goes. */
  readonly spared: readonly string[]
}

const scopeOf = (
  { scope_selectors }: HarborRule,
  projects: readonly string[],
  warn: (text: string) => void,
): Scope => {
  const selectors = scope_selectors?.repository ?? []
  const [first] = selectors
  const all = within(projects, repositoryPatterns('**'))
  if (first === undefined) return { keeps: all.atLeast, removes: all.atMost, spared: [] }
  if (selectors.length > 1) {
    warn('of several selectors of repositories none can be said: nothing goes by the rule')
    return { keeps: all.atLeast, removes: [], spared: [] }
  }
  const { decoration, pattern } = first
  const patterns = within(projects, repositoryPatterns(pattern))
  const inexact = `the repositories ${quoted(pattern)} cannot be said exactly`
  if (decoration === 'repoMatches') {
    if (patterns.atMost.length === 0) warn(`${inexact}: nothing goes there by the rule`)
    return { keeps: patterns.atLeast, removes: patterns.atMost, spared: [] }
  }
  if (decoration !== 'repoExcludes') {
    throw new DocumentError(
      `${quoted(decoration)} is not known: expected repoMatches or repoExcludes`,
    )
  }
  warn(`in the repositories ${quoted(pattern)} that the rule excludes, everything is kept`)
  return { keeps: all.atLeast, removes: all.atMost, spared: patterns.atLeast }
}

/**
 * Rules that do what a policy does.
 *
 * @param projects patterns of the repositories that it was for, each of a whole project: `team/**`
 * @throws DocumentError for a document that is none, or says what cannot be said here
 */
export const importHarbor = (text: string, projects: readonly string[]): Imported => {
  const wrong = projects.find((each) => !/^(?:[^*]+\/)\*\*$/.test(each))
  if (wrong !== undefined) {
    throw new DocumentError(
      `${quoted(wrong)} is not a project: a policy of Harbor is for one, as in --repositories 'team/**'`,
    )
  }
  const fieldsAt = () => 'those that Harbor documents'
  const { rules } = parseYaml(text, { what: 'retention policy', schema, fieldsAt })
  const nameOf = namesOf()
  const warnings: string[] = []
  const kept: WrittenRule[] = []
  const [removes, spared] = [new Set<string>(), new Set<string>()]
  for (const [at, rule] of rules.entries()) {
    if (rule.disabled) continue
    const title = `${at + 1}: ${rule.template}`
    const warn = (what: string): void => void warnings.push(`rule ${at + 1}: ${what}`)
    const scope = scopeOf(rule, projects, warn)
    for (const each of scope.removes) removes.add(each)
    for (const each of scope.spared) spared.add(each)
    const kind = keepOf(rule, warn)
    if (kind === undefined || scope.keeps.length === 0) continue
    const repositories = [...scope.keeps]
    const selectors = rule.tag_selectors ?? []
    const { about, exact } = tagsOf(selectors, warn)
    // The last of more images could be others.
    const counts = exact || typeof kind !== 'object' || !('newest' in kind)
    if (!counts) warn('what cannot be said exactly cannot be counted: all of it is kept')
    const keep = counts ? kind : 'always'
    if (about.tags?.length)
      kept.push({ name: nameOf(title), repositories, ...about, keep, allTags: true })
    if (selectors[0] === undefined || takesUntagged(selectors[0]))
      kept.push({ name: nameOf(`${title}, untagged`), repositories, untagged: true, keep })
  }
  const rest = { repositories: [...removes], remove: 'always' as const }
  if (spared.size > 0) {
    const repositories = [...spared]
    kept.push({ name: nameOf('excluded'), repositories, tags: ['*'], keep: 'always' })
    kept.push({ name: nameOf('excluded, untagged'), repositories, untagged: true, keep: 'always' })
  }
  if (removes.size > 0) {
    kept.push({ name: nameOf('the rest'), ...rest, tags: ['*'] })
    kept.push({ name: nameOf('the rest, untagged'), ...rest, untagged: true })
  }
  return { document: { version: 1, rules: kept }, warnings }
}
