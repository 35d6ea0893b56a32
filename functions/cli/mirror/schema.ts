/**
 * The schema of the document of mirrors.
 *
 * @module
 */

import { isName } from '../../registry/reference.ts'
import { ageOf } from '../../registry/retention/age.ts'
import { repositoriesFault, tagsFault } from '../../registry/retention/pattern.ts'
import { entryName } from '../../shared/entry-name.ts'
import * as z from '../../shared/schema.ts'
import { parsePlatform } from '../../transfer/copy/platforms.ts'
import { BY_IAM, ecrRegionOf } from '../../upstreams/ecr.ts'
import { hostNamed } from '../../upstreams/hosts.ts'
import { rateOf } from './rate.ts'
import { rangeOf } from './versions.ts'

/** What stands for the store of the settings in place of a host. */
export const STORE = 'store'

const place = z.faultless((text) =>
  text === STORE || hostNamed(text) !== undefined
    ? undefined
    : 'expected store, or a host, as in ghcr.io or registry.example:5000',
)

/** Only variables that are meant for this: whoever writes the document should not get at others. */
const CREDENTIALS = /^(?:iam|env:SLIPWAY_MIRROR_[A-Z0-9_]+)$/

export const sideSchema = z
  .strictObject({
    registry: place,
    /** What it is shown. Default: what docker knows of the host. */
    credentials: z.optional(z.string()),
    /** Whether it is asked without TLS. */
    plainHttp: z._default(z.boolean(), false),
  })
  .check(
    z.superRefine(({ registry, credentials, plainHttp }, context) => {
      const refuse = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message })
      if (credentials !== undefined && !CREDENTIALS.test(credentials)) {
        refuse(
          'credentials',
          'expected env:SLIPWAY_MIRROR_<name>, a variable: the document is no place for secrets',
        )
      } else if (registry === STORE) {
        if (credentials !== undefined) refuse('credentials', 'the store has none')
        if (plainHttp) refuse('plainHttp', 'the store is no registry')
      } else if (credentials === BY_IAM && ecrRegionOf(registry) === undefined) {
        refuse('credentials', 'only ECR gives tokens by IAM')
      }
    }),
  )

const side = z.union([place, sideSchema])

const repositories = z.array(z.faultless(repositoriesFault)).check(z.minLength(1))
const tags = z.array(z.faultless(tagsFault)).check(z.minLength(1))

const beginning = z.faultless((text) =>
  text === '' || isName(text.replace(/\/$/, ''))
    ? undefined
    : 'expected the beginning of a name, as in library/',
)

const platform = z.faultless((text) => {
  try {
    parsePlatform(text)
    return undefined
  } catch {
    return 'expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, as in linux/arm64'
  }
})

export const ruleSchema = z
  .strictObject({
    name: entryName,
    /** Where images come from, and where they go to. */
    from: side,
    to: side,
    /** Repositories as they are called where they come from. */
    repositories,
    exceptRepositories: z.optional(repositories),
    /** Beginnings of names, and what they become. */
    rename: z._default(z.record(beginning, beginning), {}),
    tags: z._default(tags, ['*']),
    except: z.optional(tags),
    /** Only tags that are versions in this range. */
    versions: z.optional(
      z.faultless((text) =>
        rangeOf(text) === undefined
          ? 'expected a range of versions, as in >=1.25 <2, ^3.1 or 1.27.x'
          : undefined,
      ),
    ),
    /** Of tags that are versions, only the highest: so many. */
    newest: z.optional(z.int().check(z.minimum(1), z.maximum(100_000))),
    platforms: z._default(z.array(platform), []),
    referrers: z._default(z.boolean(), false),
    /** Whether tags that are gone go at the target, too. */
    deletes: z._default(z.boolean(), false),
    every: z._default(
      z.faultless((text) => (ageOf(text) ? undefined : 'expected a time, as in 15m, 12h or 1d')),
      '1h',
    ),
    /** Images, and blobs, at a time. */
    concurrency: z._default(z.int().check(z.minimum(1), z.maximum(64)), 8),
    /** Most requests in a time. */
    rate: z.optional(
      z.faultless((text) =>
        rateOf(text) === undefined ? 'expected requests in a time, as in 20/s or 300/m' : undefined,
      ),
    ),
  })
  .check(
    z.superRefine(({ from, to, rename }, context) => {
      const [one, other] = [from, to].map((each) =>
        hostNamed(typeof each === 'string' ? each : each.registry),
      )
      if (one === other && Object.keys(rename).length === 0) {
        const message = 'images would be copied onto themselves: expected another place, or rename'
        context.addIssue({ code: 'custom', path: ['to'], message })
      }
    }),
  )

/** The document, version 1. */
export const mirrorSchema = z.strictObject({
  version: z.literal(1),
  rules: z.array(ruleSchema).check(
    z.minLength(1),
    z.superRefine((rules, context) => {
      const at = rules.findIndex(
        ({ name }, index) => rules.findIndex((each) => each.name === name) < index,
      )
      if (at < 0) return
      const message = 'another rule has this name'
      context.addIssue({ code: 'custom', path: [at, 'name'], message })
    }),
  ),
})

/** A rule as written, with defaults filled in. */
export type WrittenRule = z.output<typeof ruleSchema>
