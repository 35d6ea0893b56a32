/**
 * zot's retention policies (`storage.retention` of its configuration) as rules.
 *
 * There, the first policy that a repository matches is the only one; a tag stays if the first of its `keepTags` that
 * matches keeps it, and all others go. Here a policy of its own keeps first, so that later ones add what they keep,
 * and remove nothing more.
 *
 * @module
 */

import { DocumentError, quoted } from '../../../shared/errors.ts'
import * as z from '../../../shared/schema.ts'
import { parseYaml } from '../../../shared/yaml.ts'
import { repositoryPatterns } from './globs.ts'
import { type Imported, namesOf, type WrittenRule } from './imported.ts'
import { convertRegex } from './regex.ts'

const keepTagsSchema = z.strictObject({
  patterns: z.nullish(z.array(z.string())),
  pulledwithin: z.nullish(z.string()),
  pushedwithin: z.nullish(z.string()),
  mostrecentlypushedcount: z.nullish(z.int().check(z.minimum(0), z.maximum(100_000))),
  mostrecentlypulledcount: z.nullish(z.int().check(z.minimum(0))),
})

const policySchema = z.strictObject({
  repositories: z.nullish(z.array(z.string())),
  deletereferrers: z.nullish(z.boolean()),
  deleteuntagged: z.nullish(z.boolean()),
  keepuntagged: z.optional(z.unknown()),
  keeptags: z.nullish(z.array(keepTagsSchema)),
})

const schema = z.object({
  storage: z.object({
    gcdelay: z.nullish(z.string()),
    subpaths: z.nullish(z.record(z.string(), z.unknown())),
    retention: z.object({
      dryrun: z.nullish(z.boolean()),
      delay: z.nullish(z.string()),
      policies: z.nullish(z.array(policySchema)),
    }),
  }),
})

type Policy = z.output<typeof policySchema>
type KeepTags = z.output<typeof keepTagsSchema>
type Warn = (text: string) => void

/** zot takes the names of fields in any case. */
const lowerCased = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(lowerCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name.toLowerCase(), lowerCased(each)]),
  )
}

const UNITS: Readonly<Record<string, number>> = { h: 60, m: 1, s: 1 / 60, ms: 1 / 60_000 }

/** An age of Go's form, such as 168h or 1h30m, in minutes or hours. @throws DocumentError */
const ageOf = (text: string): string => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) {
    throw new DocumentError(`${quoted(text)} is not a time: expected one as in 168h or 1h30m`)
  }
  const minutes = Math.ceil(
    parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0),
  )
  return minutes % 60 === 0 || minutes > 99_999 ? `${Math.ceil(minutes / 60)}h` : `${minutes}m`
}

type Keep = NonNullable<WrittenRule['keep']>

/**
 * What keeps the tags of an entry: any of these.
 *
 * @param counts whether the rule is about just the tags that the entry is about: the last of more tags could be
 *   others
 */
const keepsOf = (entry: KeepTags, counts: boolean, warn: Warn): Keep[] => {
  const { mostrecentlypulledcount, mostrecentlypushedcount, pulledwithin, pushedwithin } = entry
  if (mostrecentlypulledcount) {
    warn('mostRecentlyPulledCount has no equal here: all tags of the patterns are kept')
    return ['always']
  }
  if (mostrecentlypushedcount && !counts) {
    warn('tags that cannot be said exactly cannot be counted: all of the patterns are kept')
    return ['always']
  }
  const keeps: Keep[] = []
  if (mostrecentlypushedcount) keeps.push({ newest: mostrecentlypushedcount })
  if (pulledwithin) keeps.push({ pulledWithin: ageOf(pulledwithin) })
  if (pushedwithin) keeps.push({ pushedWithin: ageOf(pushedwithin) })
  return keeps.length > 0 ? keeps : ['always']
}

interface Tags {
  readonly tags: string[]
  /** Whether they are those of zot, and no more. */
  readonly exact: boolean
}

const tagsOf = (patterns: readonly string[], warn: Warn): Tags => {
  if (patterns.length === 0) return { tags: ['*'], exact: true }
  let exact = true
  const tags = patterns.flatMap((text) => {
    const converted = convertRegex(text)
    if (converted.some((each) => !each.exact)) {
      exact = false
      const all = converted.map(({ pattern }) => pattern).join(', ')
      warn(`the expression ${quoted(text)} becomes ${quoted(all)}, which matches more`)
    }
    return converted.map(({ pattern }) => pattern)
  })
  return { tags: [...new Set(tags)], exact }
}

/** Rules for the tags of a policy. A tag belongs to the first entry that it matches. */
const tagRules = (
  entries: readonly KeepTags[],
  warn: Warn,
): Pick<WrittenRule, 'tags' | 'except' | 'keep'>[] => {
  const before: string[] = []
  let exact = true
  return entries.flatMap((entry) => {
    const found = tagsOf(entry.patterns ?? [], warn)
    exact &&= found.exact
    const { tags } = found
    const except = [...before]
    before.push(...tags)
    return keepsOf(entry, exact, warn).map((keep) => ({
      tags,
      // Those that are counted elsewhere; all else is the same for more tags.
      ...(typeof keep === 'object' && 'newest' in keep && except.length > 0 ? { except } : {}),
      keep,
    }))
  })
}

interface Repositories {
  readonly keeps: string[]
  readonly removes: string[]
}

const repositoriesOf = ({ repositories }: Policy, warn: Warn): Repositories => {
  if (!repositories?.length) {
    warn('it names no repositories: what it keeps is kept everywhere, and nothing goes by it')
    return { keeps: ['**'], removes: [] }
  }
  const patterns = repositories.map((each) => [each, repositoryPatterns(each)] as const)
  for (const [each, { atMost }] of patterns) {
    if (atMost.length === 0)
      warn(`the repositories ${quoted(each)} cannot be said exactly: nothing goes there`)
  }
  return {
    keeps: [...new Set(patterns.flatMap(([, { atLeast }]) => atLeast))],
    removes: [...new Set(patterns.flatMap(([, { atMost }]) => atMost))],
  }
}

/** Rules for manifests without a tag. */
const untaggedRules = (
  policy: Policy,
  { keeps, removes }: Repositories,
  delay: string,
  warn: Warn,
): Omit<WrittenRule, 'name'>[] => {
  const kept = { repositories: keeps, untagged: true as const, keep: 'always' as const }
  if (policy.deleteuntagged === false) return [kept]
  if (policy.keepuntagged !== undefined && policy.keepuntagged !== null) {
    warn('keepUntagged has no equal here: manifests without a tag are kept')
    return [kept]
  }
  if (!policy.deletereferrers) {
    warn(
      'it keeps referrers whose subject is gone, which cannot be said here: manifests without a tag are kept; with deleteReferrers they are not',
    )
    return [kept]
  }
  const remove = { notPushedFor: delay }
  return removes.length > 0 ? [{ repositories: removes, untagged: true, remove }] : []
}

/**
 * Rules that do what the policies of a configuration do.
 *
 * @throws DocumentError for a document that is none, or says what cannot be said here
 */
export const importZot = (text: string): Imported => {
  const fieldsAt = () => 'those that zot documents'
  const any = parseYaml(text, { what: 'configuration', schema: z.unknown(), fieldsAt })
  const plain = JSON.stringify(lowerCased(any))
  const { storage } = parseYaml(plain, { what: 'configuration', schema, fieldsAt })
  const { dryrun, delay, policies } = storage.retention
  if (dryrun) {
    throw new DocumentError(
      'its retention is a dry run, which removes nothing: take dryRun out to see what it would do',
    )
  }
  const untaggedAfter = ageOf(delay ?? storage.gcdelay ?? '24h')
  const nameOf = namesOf()
  const warnings: string[] = []
  const rules: WrittenRule[] = []
  for (const path of Object.keys(storage.subpaths ?? {})) {
    warnings.push(`subPaths has its own policies: everything below ${path} is kept`)
    const below = `${path.replace(/^\/+|\/+$/g, '')}/**`
    const kept = { repositories: [below], keep: 'always' as const }
    rules.push({ name: nameOf(`below ${path}`), ...kept, tags: ['*'] })
    rules.push({ name: nameOf(`below ${path}, untagged`), ...kept, untagged: true })
  }
  for (const [at, policy] of (policies ?? []).entries()) {
    const warn: Warn = (what) => void warnings.push(`policy ${at + 1}: ${what}`)
    const where = repositoriesOf(policy, warn)
    if (where.keeps.length === 0) continue
    const entries = policy.keeptags ?? []
    rules.push(
      ...tagRules(entries, warn).map((each) => ({
        name: nameOf(`policy ${at + 1}, keepTags`),
        repositories: where.keeps,
        ...each,
      })),
    )
    if (entries.length === 0) {
      const name = nameOf(`policy ${at + 1}, all tags`)
      rules.push({ name, repositories: where.keeps, tags: ['*'], keep: 'always' })
    } else if (where.removes.length > 0) {
      const name = nameOf(`policy ${at + 1}, the rest`)
      rules.push({ name, repositories: where.removes, tags: ['*'], remove: 'always' })
    }
    for (const each of untaggedRules(policy, where, untaggedAfter, warn)) {
      rules.push({ name: nameOf(`policy ${at + 1}, untagged`), ...each })
    }
  }
  return { document: { version: 1, rules }, warnings }
}
