/**
 * Reads the document of mirrors: rules on what is kept in step with what.
 *
 * @module
 */

import { ageOf } from '../../registry/retention/age.ts'
import { compilePatterns, type Matches } from '../../registry/retention/pattern.ts'
import { parseYaml } from '../../shared/yaml.ts'
import { type Platform, parsePlatform } from '../../transfer/copy/platforms.ts'
import { DOCKER_HUB, hostNamed, repositoryAt } from '../../upstreams/hosts.ts'
import { rateOf } from './rate.ts'
import { mirrorSchema, ruleSchema, STORE, sideSchema, type WrittenRule } from './schema.ts'
import { compileTags, type TagRule } from './tags.ts'

/** Where images come from or go to. */
export interface Side {
  /** As `hostNamed` gives it; undefined: the store. */
  readonly host: string | undefined
  /** Reference to a secret: see shared/secrets.ts. Undefined: what docker knows of the host. */
  readonly credentials: string | undefined
  readonly plainHttp: boolean
}

/** What is kept in step. */
export interface Rule {
  readonly name: string
  readonly from: Side
  readonly to: Side
  /** Repositories that are named in full. */
  readonly named: readonly string[]
  /** Whether others are looked for. */
  readonly looks: boolean
  /** Whether a repository is kept in step. */
  readonly has: Matches
  /** What a repository is called where it goes to. */
  readonly renamed: (name: string) => string
  readonly tags: TagRule
  readonly platforms: readonly Platform[]
  readonly referrers: boolean
  readonly deletes: boolean
  /** Milliseconds from a run to the next one. */
  readonly every: number
  /** Images, and blobs, that are copied at a time. */
  readonly concurrency: number
  /** Milliseconds between two requests; undefined: none. */
  readonly gap: number | undefined
}

const compileSide = (written: WrittenRule['from']): Side => {
  const { registry, credentials, plainHttp } =
    typeof written === 'string'
      ? { registry: written, credentials: undefined, plainHttp: false }
      : written
  return { host: registry === STORE ? undefined : hostNamed(registry), credentials, plainHttp }
}

/** The longest beginning that is renamed counts. */
const renaming = (rename: WrittenRule['rename']): Rule['renamed'] => {
  const beginnings = Object.keys(rename).toSorted((a, b) => b.length - a.length)
  return (name) => {
    const found = beginnings.find((each) => name.startsWith(each))
    return found === undefined ? name : `${rename[found]}${name.slice(found.length)}`
  }
}

const compile = (written: WrittenRule): Rule => {
  const from = compileSide(written.from)
  // Docker Hub's own images are in `library`, which may be left out.
  const inFull = (pattern: string): string =>
    from.host === DOCKER_HUB && pattern !== '**' ? repositoryAt(DOCKER_HUB, pattern) : pattern
  const repositories = written.repositories.map(inFull)
  const matches = compilePatterns(repositories)
  const excepted = compilePatterns((written.exceptRepositories ?? []).map(inFull))
  return {
    name: written.name,
    from,
    to: compileSide(written.to),
    named: repositories.filter((each) => !each.includes('*')),
    looks: repositories.some((each) => each.includes('*')),
    has: (name) => matches(name) && !excepted(name),
    renamed: renaming(written.rename),
    tags: compileTags(written),
    platforms: written.platforms.map(parsePlatform),
    referrers: written.referrers,
    deletes: written.deletes,
    every: ageOf(written.every) ?? 0,
    concurrency: written.concurrency,
    gap: written.rate === undefined ? undefined : rateOf(written.rate),
  }
}

const fieldsAt = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return 'version and rules'
  return Object.keys((path.length > 2 ? sideSchema : ruleSchema).shape).join(', ')
}

/**
 * Reads the document, YAML or JSON.
 *
 * @throws DocumentError with line, path and value, and what is expected
 */
export const parseMirror = (text: string): readonly Rule[] =>
  parseYaml(text, { what: 'mirror', schema: mirrorSchema, fieldsAt }).rules.map(compile)
