/**
 * The documents that an administrator sets, as they are stored: /api/v1/documents/<document>
 *
 * @module
 */

import { parseBindings } from '../../auth/accounts/bindings.ts'
import { parseGroups } from '../../auth/accounts/groups.ts'
import { readDocument } from '../../auth/document.ts'
import { checkIssuers } from '../../auth/issuers/check.ts'
import { parsePolicy } from '../../auth/policy/parse.ts'
import { listEnded, revive } from '../../events/dead-letters.ts'
import { parseReceivers } from '../../events/receivers.ts'
import {
  EDGE_CACHE_KEY,
  EVENT_RECEIVERS_KEY,
  GROUPS_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  QUOTAS_KEY,
  RETENTION_KEY,
  ROBOT_CLAIMS_KEY,
  UPSTREAMS_KEY,
} from '../../registry/layout.ts'
import { parseQuotas } from '../../registry/quotas/parse.ts'
import { parseRetention } from '../../registry/retention/parse.ts'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { parseYaml } from '../../shared/yaml.ts'
import { parseUpstreams } from '../../upstreams/parse.ts'
import type { AdminDesk } from '../env.ts'
import { RequestError } from '../errors.ts'
import { noneMatchHits } from '../request.ts'
import { editAs } from './edit.ts'
import { readGiven } from './given.ts'
import type { Operation, Request } from './operation.ts'
import { CONDITIONS, etagOf, matches, readCondition } from './precondition.ts'

/** A document. Those with secrets, which are accounts and keys, are none of these. */
interface DocumentKind {
  readonly key: string
  /** @throws DocumentError when the text is not valid */
  readonly check: (text: string, desk: AdminDesk) => unknown
  /** Why it cannot be set here, or undefined. */
  readonly refuses?: (desk: AdminDesk) => Promise<string | undefined>
  /** What it says, as JSON. Default: it is YAML or JSON itself. */
  readonly json?: (text: string) => object
  /** What else is to be done when it is in force. */
  readonly after?: (text: string, desk: AdminDesk) => Promise<void>
}

const policyRefuses = async ({ store, policyInFile }: AdminDesk): Promise<string | undefined> => {
  if (policyInFile) return 'the policy in force is the file of --policy: change that'
  // What is no longer public would stay at the edge, which this process may not change.
  return (await store.head(EDGE_CACHE_KEY)) === undefined
    ? undefined
    : 'an edge keeps what the policy makes public: use slipway policy set with --store, which tells it'
}

/** Receivers that have ended, since they responded 410, are sent events again. */
const reviveReceivers = async (text: string, { store }: AdminDesk): Promise<void> => {
  const names = parseReceivers(text).map(({ name }) => name)
  const ended = await listEnded(store)
  await revive(
    store,
    ended.filter((name) => names.includes(name)),
  )
}

const groupsAsJson = (text: string): object =>
  Object.fromEntries([...parseGroups(text)].map(([name, members]) => [name, [...members]]))

const KINDS: Readonly<Record<string, DocumentKind>> = {
  policy: { key: POLICY_KEY, check: parsePolicy, refuses: policyRefuses },
  issuers: { key: ISSUERS_KEY, check: (text, { now }) => checkIssuers(text, now) },
  groups: { key: GROUPS_KEY, check: parseGroups, json: groupsAsJson },
  'robot-claims': { key: ROBOT_CLAIMS_KEY, check: parseBindings },
  retention: { key: RETENTION_KEY, check: parseRetention },
  quotas: { key: QUOTAS_KEY, check: parseQuotas },
  'event-receivers': { key: EVENT_RECEIVERS_KEY, check: parseReceivers, after: reviveReceivers },
  upstreams: { key: UPSTREAMS_KEY, check: parseUpstreams },
}

/** Names of the documents. */
export const DOCUMENTS = Object.keys(KINDS)

const kindOf = ({ path: { document = '' } }: Request): DocumentKind => {
  if (Object.hasOwn(KINDS, document)) return KINDS[document]!
  throw new RequestError(
    'ABSENT',
    `there is no document ${quoted(document)}: expected ${DOCUMENTS.join(', ')}`,
  )
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What a document says, as values of JSON. @throws DocumentError where what is stored is damaged */
const valuesOf = ({ json }: DocumentKind, what: string, text: string): unknown =>
  json?.(text) ?? parseYaml(text, { what, schema: z.unknown(), fieldsAt: () => '' })

const typeOf = ({ key }: DocumentKind, text: string): string => {
  if (key === GROUPS_KEY) return 'text/plain'
  return isJson(text) ? 'application/json' : 'application/yaml'
}

const text = z.string()
const CONTENT = {
  'application/yaml': z.unknown(),
  'application/json': z.looseObject({}),
  'text/plain': text,
} as const

const document = {
  in: 'path',
  description: 'Which document.',
  schema: z.enum(DOCUMENTS as [string, ...string[]]),
} as const

const format = {
  in: 'query',
  description: 'json: what the document says, as JSON, however it is stored.',
  schema: z.optional(z.literal('json')),
} as const

const get: Operation = {
  id: 'getDocument',
  method: 'GET',
  path: '/api/v1/documents/{document}',
  summary: 'A document as it is stored',
  parameters: { document, format },
  responses: {
    200: {
      description:
        'The document as it is stored: YAML, or JSON; groups are lines of text. With `format=json` what it says, as JSON; of groups, members by group.',
      content: CONTENT,
      headers: { ETag: 'Names this state of the document.' },
    },
    304: { description: 'It is as If-None-Match says.' },
  },
  errors: [404],
  right: 'all',
  async run(request) {
    const kind = kindOf(request)
    const { c, desk } = request
    const wanted = c.req.query('format')
    if (wanted !== undefined && wanted !== 'json') {
      throw new RequestError('PARAMETER_INVALID', `format is ${quoted(wanted)}: expected json`)
    }
    const stored = await readDocument(desk.store, kind.key)
    if (stored === undefined) {
      throw new RequestError('ABSENT', `the document ${request.path.document} is not set`)
    }
    const etag = etagOf(stored)
    c.header('ETag', `"${etag}"`)
    if (noneMatchHits(c.req.header('If-None-Match'), etag)) return c.body(null, 304)
    if (wanted === 'json') return c.json(valuesOf(kind, request.path.document ?? '', stored))
    c.header('Content-Type', `${typeOf(kind, stored)}; charset=utf-8`)
    return c.body(stored)
  },
}

const put: Operation = {
  id: 'putDocument',
  method: 'PUT',
  path: '/api/v1/documents/{document}',
  summary: 'Set a document',
  description:
    'The document is checked as the command line checks it, and instances see it within 30 seconds. The request must say what it replaces, by If-Match, or that there is nothing yet, by If-None-Match: *.',
  parameters: { document, ...CONDITIONS },
  body: CONTENT,
  responses: {
    204: { description: 'It is set.', headers: { ETag: 'Names this state of the document.' } },
  },
  errors: [404, 409, 412, 428],
  right: 'all',
  async run(request) {
    const kind = kindOf(request)
    const { c, desk } = request
    const condition = readCondition(c)
    const given = await request.text()
    await readGiven(() => kind.check(given, desk))
    const why = await kind.refuses?.(desk)
    if (why !== undefined) throw new RequestError('CONFLICT', why)
    const written = await editAs(request)(kind.key, (stored) => {
      matches(condition, stored)
      return given
    })
    if (written) request.changed(kind.key)
    await kind.after?.(given, desk)
    c.header('ETag', `"${etagOf(given)}"`)
    return c.body(null, 204)
  },
}

/** Operations on documents. */
export const DOCUMENT_OPERATIONS: readonly Operation[] = [get, put]
