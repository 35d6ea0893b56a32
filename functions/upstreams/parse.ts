/**
 * Reads the document of upstreams: other registries, whose images are had from here.
 *
 * @module
 */

import { bytesOf } from '../registry/quotas/bytes.ts'
import { ageOf } from '../registry/retention/age.ts'
import { compilePatterns, type Matches } from '../registry/retention/pattern.ts'
import { allowanceOf } from '../shared/allowed-addresses.ts'
import type { Allows } from '../shared/private-addresses.ts'
import { parseYaml } from '../shared/yaml.ts'
import { hostNamed, namesAt, spellingsOf } from './hosts.ts'
import { upstreamSchema, upstreamsSchema, type WrittenUpstream } from './schema.ts'

/** Where images come from. */
export interface Upstream {
  readonly name: string
  /** What names of its repositories begin with here; may be empty. */
  readonly prefix: string
  /** As `hostNamed` gives it; undefined where names say which host is asked. */
  readonly host: string | undefined
  /** Scheme and host, where they do not follow from the host. */
  readonly origin: string | undefined
  /** Whether a repository is had from there; of no host but those allowed. */
  readonly has: (host: string, repository: string) => boolean
  /** Reference to a secret: see shared/secrets.ts. */
  readonly credentials: string | undefined
  /** Whether it may be connected to at an address. */
  readonly allows: Allows
  /** Milliseconds for which a tag is not asked for again. */
  readonly interval: number
  /** Most bytes of all of its repositories here; the clean-up sees to it. Default: any number. */
  readonly size?: number | undefined
  /** Most connections at a time. */
  readonly connections: number
  /** Whether pushes to its repositories are pushed on to it. */
  readonly writable: boolean
}

type MatchesBoth = (host: string, name: string) => boolean

/** A pattern without a slash is about the host alone. */
const matchesEither = (patterns: readonly string[]): MatchesBoth => {
  const hosts = compilePatterns(patterns.filter((each) => !each.includes('/')))
  const both = compilePatterns(patterns.filter((each) => each.includes('/')))
  return (host, name) => hosts(host) || both(`${host}/${name}`)
}

/** What is allowed: a pattern without a port is about hosts without one. */
const allowsHosts = (patterns: readonly string[]): MatchesBoth => {
  const plain = matchesEither(patterns.filter((each) => !each.includes(':')))
  const ported = matchesEither(patterns.filter((each) => each.includes(':')))
  return (host, name) => (host.includes(':') ? ported : plain)(host, name)
}

/** What is denied: a pattern without a port is about hosts with any. */
const deniesHosts = (patterns: readonly string[]): MatchesBoth => {
  const denied = matchesEither(patterns)
  return (host, name) => denied(host, name) || denied(host.replace(/:\d+$/, ''), name)
}

const matchesNames = (patterns: readonly string[]): MatchesBoth => {
  const matches: Matches = compilePatterns(patterns)
  return (_, name) => matches(name)
}

/** A pattern may be of any name that a host and a repository have. */
const byAnyName =
  (matches: MatchesBoth): MatchesBoth =>
  (host, name) => {
    const names = namesAt(host, name)
    return spellingsOf(host).some((each) => names.some((one) => matches(each, one)))
  }

const compile = (written: WrittenUpstream): Upstream => {
  const { name, prefix, url, allow = ['**'], deny = [], interval, credentials } = written
  const host = written.host === undefined ? undefined : hostNamed(written.host)
  const allowed = byAnyName((host === undefined ? allowsHosts : matchesNames)(allow))
  const denied = byAnyName((host === undefined ? deniesHosts : matchesNames)(deny))
  return {
    name,
    prefix,
    host,
    origin: url === undefined ? undefined : new URL(url).origin,
    has: (at, repository) =>
      (host === undefined || at === host) && allowed(at, repository) && !denied(at, repository),
    credentials,
    allows: allowanceOf(written.private),
    interval: ageOf(interval) ?? 0,
    size: written.size === undefined ? undefined : bytesOf(written.size),
    connections: written.connections,
    writable: written.writable,
  }
}

const fieldsAt = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'version and upstreams' : Object.keys(upstreamSchema.shape).join(', ')

/**
 * Reads the document, YAML or JSON.
 *
 * @throws DocumentError with line and path, and what is expected: a value may be a secret
 */
export const parseUpstreams = (text: string): readonly Upstream[] =>
  parseYaml(text, { what: 'upstreams', schema: upstreamsSchema, fieldsAt }).upstreams.map(compile)
