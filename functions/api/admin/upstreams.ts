/**
 * Repositories that come from upstreams: /api/v1/upstreams
 *
 * @module
 */

import { parseDigest, parseName, parseTag, type Reference } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { AT_ONCE, refreshAll } from '../../upstreams/manifests/refresh.ts'
import type { AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { permitAdmin } from '../middleware/permit.ts'
import type { PulledThrough } from '../upstream-port.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'

const wanted = withExample(
  z.strictObject({
    repository: z.string(),
    tag: z.optional(z.string()),
    digest: z.optional(z.string()),
    last: z.optional(z.string()),
  }),
  { repository: 'hub/library/alpine', tag: 'latest' },
)
type Wanted = z.output<typeof wanted>

const sourceOf = async ({ upstreams }: AppOptions, name: string): Promise<PulledThrough> => {
  const found = await upstreams?.find?.(name, undefined, undefined)
  if (typeof found === 'object') return found
  throw new RequestError('CONFLICT', `the repository ${quoted(name)} comes from no upstream`)
}

/** What is asked for, and the tag after which there are more. */
const referencesOf = async (
  { registry }: AppOptions,
  name: string,
  { tag, digest, last }: Wanted,
): Promise<{ readonly references: readonly Reference[]; readonly next?: string | undefined }> => {
  if ([tag, digest, last].filter((each) => each !== undefined).length > 1) {
    throw new RequestError('PARAMETER_INVALID', 'expected one of tag, digest and last')
  }
  if (tag !== undefined) return { references: [{ tag: parseTag(tag) }] }
  if (digest !== undefined) return { references: [{ digest: parseDigest(digest) }] }
  const after = last === undefined ? undefined : parseTag(last)
  const { names, more } = await registry.tags.list(name, AT_ONCE, after)
  return { references: names.map((each) => ({ tag: each })), next: more ? names.at(-1) : undefined }
}

const refresh: Operation = {
  id: 'refreshUpstream',
  method: 'POST',
  path: '/api/v1/upstreams/refresh',
  summary:
    'Ask an upstream now for a tag or a digest, or for the tags of a repository that are here',
  description:
    'What it has is here then. Tags are asked for in pages of a few: where there are more, the response has `next`, which is the `last` of the next request.',
  body: { 'application/json': wanted },
  responses: {
    200: {
      description:
        'Of each tag or digest, what it is now and what it `was` here before, or the `failure`.',
      content: {
        'application/json': z.object({
          repository: z.string(),
          refreshed: z.array(
            z.object({
              reference: z.string(),
              digest: z.optional(z.string()),
              was: z.optional(z.string()),
              failure: z.optional(z.string()),
            }),
          ),
          next: z.optional(z.string()),
        }),
      },
    },
  },
  errors: [404, 409, 415],
  right: 'body',
  async run(request) {
    const { c, options } = request
    const given = await request.json(wanted)
    const asked = parseName(given.repository)
    await permitAdmin(c, { name: asked })
    const source = await sourceOf(options, asked)
    const { name } = source
    if (name !== asked) await permitAdmin(c, { name })
    const { references, next } = await referencesOf(options, name, given)
    const refreshed = await refreshAll(source.refresh, references)
    request.changed(`refresh ${name}`)
    return c.json({ repository: name, refreshed, next })
  },
}

/** Operations on upstreams. */
export const UPSTREAM_OPERATIONS: readonly Operation[] = [refresh]
