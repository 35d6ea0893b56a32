/**
 * What the rules on tags would do to a repository: /api/v1/retention-preview/<name>
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { readingNeeds } from '../../registry/clean-up/needs.ts'
import { previewRepository } from '../../registry/clean-up/preview.ts'
import { isRuled } from '../../registry/clean-up/rule-facts.ts'
import { timesOf } from '../../registry/clean-up/terms.ts'
import { listRepositoryWithin } from '../../registry/clean-up/walk.ts'
import { RegistryError } from '../../registry/errors.ts'
import { RETENTION_KEY } from '../../registry/layout.ts'
import { createPullReader } from '../../registry/pulls/read.ts'
import { pullsSince } from '../../registry/pulls/record.ts'
import { parseName } from '../../registry/reference.ts'
import { parseRetention } from '../../registry/retention/parse.ts'
import { asksForPulls, type Retention } from '../../registry/retention/retention.ts'
import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { readGiven } from './given.ts'
import type { Operation, Request } from './operation.ts'
import { NAME } from './repositories.ts'

/** Most links of a repository that is looked at so. */
const MOST_LINKS = 20_000
/** Most tags and manifests in a response. */
const MOST_SHOWN = 1000

const count = z.int().check(z.nonnegative())
const date = z.iso.datetime()

const responses = {
  200: {
    description: `What goes, and what stays though a rule would remove it: at most ${MOST_SHOWN}, first what goes. Nothing else is touched by rules.`,
    content: {
      'application/json': z.object({
        repository: z.string(),
        verdicts: z.array(
          z.object({
            /** Missing for a manifest without a tag. */
            tag: z.optional(z.string()),
            digest: z.string(),
            goes: z.boolean(),
            /** The rule that decides; `(immutable)` where the tag is immutable. */
            rule: z.string(),
            /** The first rule that would remove it. */
            removedBy: z.string(),
            /** Bytes of the manifest, and of what is needed by it alone. */
            size: count,
            /** When it goes; missing where the next clean-up takes it. */
            after: z.optional(date),
          }),
        ),
        goes: count,
        stays: count,
        /** Since when pulls are recorded, where a rule asks for pulls: until then everything counts as pulled. */
        pullsSince: z.optional(z.nullable(date)),
      }),
    },
  },
} as const

const preview = async ({ c, desk, path, options }: Request, rules: Retention) => {
  const { store, now, grace } = desk
  const name = parseName(path.name ?? '')
  if (!(await options.registry.catalog.has(name))) {
    throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`)
  }
  const at = now()
  const terms = {
    ...timesOf(grace, options.undeleteDays ?? 0),
    date: at,
    rules,
    readPulls: createPullReader(store, at),
  }
  const listed = isRuled(rules, name) ? await listRepositoryWithin(store, name, MOST_LINKS) : 'none'
  if (listed === undefined) {
    throw new RequestError(
      'CONFLICT',
      `${name} has more than ${MOST_LINKS} links: run slipway retention preview ${name} on the store`,
    )
  }
  const { verdicts } =
    listed === 'none'
      ? { verdicts: [] }
      : await previewRepository(store, terms, readingNeeds(store), listed)
  const goes = verdicts.filter((each) => each.goes)
  const stays = verdicts.filter((each) => !each.goes)
  const asked = rules.rules.some((each) => each.repositories(name) && asksForPulls(each))
  const since = asked ? await pullsSince(store, at) : undefined
  return c.json({
    repository: name,
    verdicts: [...goes, ...stays]
      .slice(0, MOST_SHOWN)
      .map(({ held: _, revision: __, again: ___, until, ...said }) => ({
        ...said,
        ...(until === undefined ? {} : { after: new Date(until).toISOString() }),
      })),
    goes: goes.length,
    stays: stays.length,
    ...(asked ? { pullsSince: since === undefined ? null : new Date(since).toISOString() } : {}),
  })
}

const inForce: Operation = {
  id: 'previewRetention',
  method: 'GET',
  path: '/api/v1/retention-preview/{name}',
  summary: 'What the rules on tags would do to a repository',
  description: 'Nothing is changed.',
  parameters: { name: NAME },
  responses,
  errors: [404, 409],
  right: 'name',
  async run(request) {
    const text = await readDocument(request.desk.store, RETENTION_KEY)
    if (text === undefined) {
      throw new RequestError('ABSENT', 'the document retention is not set: there are no rules')
    }
    return preview(request, parseRetention(text))
  },
}

const given: Operation = {
  id: 'previewGivenRetention',
  method: 'POST',
  path: '/api/v1/retention-preview/{name}',
  summary: 'What the rules in the body would do to a repository',
  description: 'Nothing is changed.',
  parameters: { name: NAME },
  body: { 'application/yaml': z.unknown(), 'application/json': z.looseObject({}) },
  responses,
  errors: [404, 409],
  right: 'all',
  async run(request) {
    const text = await request.text()
    return preview(request, await readGiven(() => parseRetention(text)))
  },
}

/** Operations that try rules on tags. */
export const RETENTION_PREVIEW_OPERATIONS: readonly Operation[] = [inForce, given]
