/**
 * The document of receivers: who is told of what happens in the registry.
 *
 * @module
 */

import { compilePatterns, repositoriesFault } from '../registry/retention/pattern.ts'
import { allowanceOf, rangeFault, refusedIn } from '../shared/allowed-addresses.ts'
import { entryName } from '../shared/entry-name.ts'
import * as z from '../shared/schema.ts'
import { parseYaml } from '../shared/yaml.ts'
import { busFault, isBus, strangeOfBus } from './buses.ts'
import { type EventRecord, eventRecordSchema, isOfBlob, type Wantable } from './record.ts'

/** What can happen. */
export const KINDS = eventRecordSchema.shape.action.options

type Kind = EventRecord['action']

/** What distribution has events of. */
const DISTRIBUTION_KINDS: readonly Kind[] = ['push', 'pull', 'mount', 'delete']

/** Whether it is that of a NATS server. */
export const isNats = ({ protocol }: URL): boolean => /^(?:nats|tls):$/.test(protocol)

const urlFault = (text: string): string | undefined => {
  const url = URL.parse(text)
  if (url !== null && isBus(url)) return busFault(url)
  if (url === null || !/^(?:https?|nats|tls):$/.test(url.protocol)) {
    return 'expected an http or https URL, or nats://<host> or tls://<host> for a NATS server'
  }
  if (url.hash !== '') return 'expected no fragment'
  if (!isNats(url)) return undefined
  if (url.hostname === '') return 'expected a host'
  return /^\/?$/.test(url.pathname) && url.search === '' ? undefined : 'expected no path'
}

/**
 * Only variables that are meant for receivers: whoever may set the document would otherwise have any secret of the
 * servers sent to an address of their own.
 */
const reference = z
  .string()
  .check(
    z.regex(
      /^env:SLIPWAY_EVENT_[A-Z0-9_]+$/,
      'expected env:SLIPWAY_EVENT_<name>, a variable of the servers: the document is no place for secrets',
    ),
  )

const receiver = z
  .strictObject({
    name: entryName,
    url: z.faultless(urlFault),
    /** Default: `cloudevents`. */
    format: z.optional(z.enum(['cloudevents', 'distribution'])),
    kinds: z.optional(z.array(z.enum(KINDS)).check(z.minLength(1))),
    repositories: z._default(z.array(z.faultless(repositoriesFault)).check(z.minLength(1)), () => [
      '**',
    ]),
    /** Whether it is told of blobs, too. */
    blobs: z._default(z.boolean(), true),
    /** Whether manifests come with what they refer to; as `includereferences` of distribution. */
    references: z._default(z.boolean(), false),
    /** What bodies are signed with; several while it is changed. */
    secret: z.optional(
      z.union([reference, z.array(reference).check(z.minLength(1), z.maxLength(3))]),
    ),
    /** The value of the header of that name. */
    authorization: z.optional(reference),
    /** For NATS: what subjects begin with. */
    subject: z.optional(
      z
        .string()
        .check(
          z.regex(
            /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
            'expected letters, digits, - and _, with dots between them, as in registry.events',
          ),
        ),
    ),
    /** Whether it may have a private address, or which. */
    private: z.optional(
      z.union([z.array(z.faultless(rangeFault)).check(z.minLength(1)), z.literal(true)]),
    ),
  })
  .check(
    z.superRefine(({ url, ...given }, context) => {
      const parsed = URL.parse(url)
      const strange = parsed !== null && isBus(parsed) ? strangeOfBus(given) : undefined
      if (strange !== undefined) {
        context.addIssue({
          code: 'custom',
          path: [strange],
          message:
            'an event bus has no such thing: expected name, url, kinds, blobs and repositories',
        })
      }
    }),
    z.superRefine(({ format, kinds, url, subject, private: allowed }, context) => {
      const parsed = URL.parse(url)
      if (subject !== undefined && parsed !== null && !isNats(parsed)) {
        context.addIssue({
          code: 'custom',
          path: ['subject'],
          message: 'only a NATS server has subjects: expected a URL of nats:// or tls://',
        })
      }
      const strange = kinds?.find((kind) => !DISTRIBUTION_KINDS.includes(kind))
      if (format === 'distribution' && strange !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['kinds', kinds?.indexOf(strange) ?? 0],
          message: `distribution has no such event: expected ${DISTRIBUTION_KINDS.join(', ')}, or the format cloudevents`,
        })
      }
      const { username, password } = parsed ?? {}
      // Without the value, which would be a secret.
      if (username || password) {
        context.addIssue({
          code: 'custom',
          path: [],
          message:
            'url has a user or password: expected authorization: env:SLIPWAY_EVENT_<name> instead',
        })
      }
      const host = parsed === null ? undefined : refusedIn(parsed, allowed)
      if (host !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['url'],
          message: `its address is private, which is allowed only with private: [${host}]`,
        })
      }
    }),
  )

/** The name of what keeps the index for search. */
export const SEARCH = 'slipway-search'

const schema = z
  .strictObject({
    version: z.literal(1),
    /** Whether there is an index for search, which is kept by events. */
    search: z._default(z.boolean(), false),
    receivers: z.array(receiver).check(
      z.superRefine((receivers, context) => {
        const names = receivers.map(({ name }) => name)
        const at = names.findIndex((name, index) => names.indexOf(name) < index)
        if (at >= 0) {
          context.addIssue({
            code: 'custom',
            path: [at, 'name'],
            message: 'another receiver has this name',
          })
        }
      }),
    ),
  })
  .check(
    z.superRefine(({ search, receivers }, context) => {
      const at = search ? receivers.findIndex(({ name }) => name === SEARCH) : -1
      if (at >= 0) {
        context.addIssue({
          code: 'custom',
          path: ['receivers', at, 'name'],
          message: 'with search, it is that of the index: expected another name',
        })
      }
    }),
  )

/** Somebody who is told. */
export interface Receiver {
  readonly name: string
  /** Of http or https, or the ARN of an event bus. */
  readonly url: URL
  readonly format: 'cloudevents' | 'distribution'
  readonly references: boolean
  /** References to secrets, see secrets.ts. */
  readonly secrets: readonly string[]
  readonly authorization: string | undefined
  /** For NATS: what subjects begin with; the kind follows. */
  readonly subject: string
  /** Whether it may be connected to at an address. */
  readonly allows: (address: string) => boolean
  /** Whether it is told of events of a kind, in some repository at least. */
  readonly hears: (kind: Kind) => boolean
  /** Whether it is told of this. What is about no repository is for who hears of all. */
  readonly wants: (record: Wantable) => boolean
  /** Events that it takes at once. Default: those of somebody else's server. */
  readonly atOnce?: number
}

/** What changes a manifest or a tag. */
const INDEXED: readonly Kind[] = ['push', 'delete', 'undelete']

/** The index for search: a receiver within the registry. Its URL is nowhere. */
const INDEX: Receiver = {
  name: SEARCH,
  url: new URL('slipway:search'),
  format: 'cloudevents',
  references: false,
  secrets: [],
  authorization: undefined,
  subject: 'slipway',
  allows: () => false,
  hears: (kind) => INDEXED.includes(kind),
  wants: (record) =>
    record.repository !== undefined && INDEXED.includes(record.action) && !isOfBlob(record),
  atOnce: 64,
}

/** Whether it is the index for search. */
export const isIndex = ({ url }: Receiver): boolean => url === INDEX.url

const compile = (written: z.output<typeof receiver>): Receiver => {
  const { name, url, format, kinds, repositories, secret, private: allowed, ...rest } = written
  const usual = format === 'distribution' ? DISTRIBUTION_KINDS : KINDS
  const heard = kinds ?? usual.filter((kind) => kind !== 'pull')
  const matches = compilePatterns(repositories)
  const hears = (kind: Kind): boolean => heard.includes(kind)
  return {
    name,
    url: new URL(url),
    format: format ?? 'cloudevents',
    references: rest.references,
    secrets: [secret ?? []].flat(),
    authorization: rest.authorization,
    subject: rest.subject ?? 'slipway',
    allows: allowanceOf(allowed),
    hears,
    wants: (record) => {
      const { action, repository } = record
      if (!hears(action) || (!rest.blobs && isOfBlob(record))) return false
      return repository === undefined ? repositories.includes('**') : matches(repository)
    },
  }
}

const fieldsAt = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'version, search and receivers' : Object.keys(receiver.shape).join(', ')

/**
 * Reads the document, YAML or JSON.
 *
 * @throws DocumentError with line and path, and what is expected: a value may be a secret
 */
export const parseReceivers = (text: string): readonly Receiver[] => {
  const { receivers, search } = parseYaml(text, { what: 'receivers', schema, fieldsAt })
  return [...receivers.map(compile), ...(search ? [INDEX] : [])]
}
