/**
 * The schema of the document of upstreams.
 *
 * @module
 */

import { bytesOf } from '../registry/quotas/bytes.ts'
import { isName } from '../registry/reference.ts'
import { ageOf } from '../registry/retention/age.ts'
import { repositoriesFault } from '../registry/retention/pattern.ts'
import { rangeFault, refusedIn } from '../shared/allowed-addresses.ts'
import { entryName } from '../shared/entry-name.ts'
import * as z from '../shared/schema.ts'
import { BY_IAM, ecrRegionOf } from './ecr.ts'
import { hostNamed } from './hosts.ts'

/** Most connections to one upstream where the document does not say. */
const CONNECTIONS = 16

const hasPassword = (url: URL | null): boolean => Boolean(url?.username || url?.password)

const urlFault = (text: string): string | undefined => {
  const url = URL.parse(text)
  // Refused below, where the value is not repeated.
  if (hasPassword(url)) return undefined
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.hostname !== ''
  return plain && text.replace(/\/$/, '') === url.origin
    ? undefined
    : 'expected scheme and host alone, as in https://registry.example:5000'
}

const hostFault = (text: string): string | undefined =>
  hostNamed(text) === undefined
    ? 'expected a host as in names of images, as in ghcr.io or registry.example:5000'
    : undefined

/** Patterns of hosts have ports. */
const patternFault = (text: string): string | undefined => {
  const ports = /^[^/]*:\d{1,5}(?=\/|$)/
  return repositoriesFault(ports.test(text) ? text.replace(':', '.') : text)
}

/** What is wrong with a pattern that fits nothing, which would deny nothing. @param host of the upstream, if it has one */
const idleFault = (pattern: string, host: string | undefined): string | undefined => {
  const [first = ''] = pattern.split('/')
  if (host === undefined) {
    const isOfHost = !first.includes('**')
    return isOfHost && first.includes('_')
      ? 'no host has _: a port is written as in ghcr.io:5000'
      : undefined
  }
  const repeats = first.includes('.') && hostNamed(first) === hostNamed(host)
  return repeats || first.includes(':')
    ? `expected repositories of ${host}, without the host`
    : undefined
}

/** Only variables that are meant for upstreams: see the receivers of events. */
const credentials = z
  .string()
  .check(
    z.regex(
      /^(?:iam|env:SLIPWAY_UPSTREAM_[A-Z0-9_]+)$/,
      'expected env:SLIPWAY_UPSTREAM_<name>, a variable of the servers: the document is no place for secrets',
    ),
  )

const patterns = z.array(z.faultless(patternFault)).check(z.minLength(1))

export const upstreamSchema = z
  .strictObject({
    name: entryName,
    /** The registry; without it, names say which one: `<prefix>/<host>/<name>`. */
    host: z.optional(z.faultless(hostFault)),
    /** Where it is, if that is not https and the host itself. */
    url: z.optional(z.faultless(urlFault)),
    /** What names of its repositories begin with here; empty: those that no other prefix fits. */
    prefix: z.faultless((text) =>
      text === '' || isName(text) ? undefined : 'expected the beginning of names, as in mirror/hub',
    ),
    /** What is had from there, and what of it is not. */
    allow: z.optional(patterns),
    deny: z.optional(patterns),
    credentials: z.optional(credentials),
    /** Whether it may have a private address, or which. */
    private: z.optional(
      z.union([z.array(z.faultless(rangeFault)).check(z.minLength(1)), z.literal(true)]),
    ),
    /** For how long a tag is not asked for again. */
    interval: z._default(
      z.faultless((text) =>
        ageOf(text) === undefined ? 'expected a time, as in 5m, 12h or 7d' : undefined,
      ),
      '5m',
    ),
    /** Most bytes of all of its repositories here. */
    size: z.optional(
      z.faultless((text) =>
        bytesOf(text) === undefined ? 'expected bytes, as in 50 GB or 1.5 TiB' : undefined,
      ),
    ),
    connections: z._default(z.int().check(z.minimum(1), z.maximum(256)), CONNECTIONS),
    /** Whether pushes to its repositories are pushed on to it; otherwise they are refused. */
    writable: z._default(z.boolean(), false),
  })
  .check(
    z.superRefine((given, context) => {
      const refuse = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message })
      if (given.host === undefined) {
        if (given.allow === undefined) {
          context.addIssue({
            code: 'custom',
            path: [],
            message: 'without a host, expected allow: which hosts may be asked, as in [ghcr.io]',
          })
        }
        for (const field of ['url', 'credentials'] as const) {
          if (given[field] !== undefined) refuse(field, 'only an upstream with a host has this')
        }
        if (given.writable) refuse('writable', 'only an upstream with a host has this')
      }
      const { host, credentials } = given
      for (const field of ['allow', 'deny'] as const) {
        for (const [at, pattern] of (given[field] ?? []).entries()) {
          const message = idleFault(pattern, host)
          if (message !== undefined) {
            context.addIssue({ code: 'custom', path: [field, at], message })
          }
        }
      }
      if (host !== undefined && credentials === BY_IAM && ecrRegionOf(host) === undefined) {
        refuse(
          'credentials',
          'only ECR gives tokens by IAM: expected a host like 123456789012.dkr.ecr.eu-central-1.amazonaws.com',
        )
      }
      if (hasPassword(URL.parse(given.url ?? ''))) {
        context.addIssue({
          code: 'custom',
          path: [],
          message:
            'url has a user or password: expected credentials: env:SLIPWAY_UPSTREAM_<name> instead',
        })
      }
      const url = URL.parse(given.url ?? `https://${given.host ?? ''}`)
      const refused = url === null ? undefined : refusedIn(url, given.private)
      if (refused !== undefined) {
        refuse(
          given.url === undefined ? 'host' : 'url',
          `its address is private, which is allowed only with private: [${refused}]`,
        )
      }
    }),
  )

type Written = z.output<typeof upstreamSchema>

const isTaken = (one: Written, other: Written): 'name' | 'prefix' | undefined => {
  if (one.name === other.name) return 'name'
  const alike = (one.host === undefined) === (other.host === undefined)
  return alike && one.prefix === other.prefix ? 'prefix' : undefined
}

/** The document, version 1. */
export const upstreamsSchema = z.strictObject({
  version: z.literal(1),
  upstreams: z.array(upstreamSchema).check(
    z.superRefine((upstreams, context) => {
      for (const [at, each] of upstreams.entries()) {
        const taken = upstreams
          .slice(0, at)
          .map((before) => isTaken(before, each))
          .find((field) => field !== undefined)
        if (taken === undefined) continue
        const message = `another upstream has this ${taken}`
        context.addIssue({ code: 'custom', path: [at, taken], message })
        return
      }
    }),
  ),
})

/** One upstream as written, with defaults filled in. */
export type WrittenUpstream = Written
