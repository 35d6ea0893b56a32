/**
 * The search, which needs no right to administer anything.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { find, MOST } from '../search/find.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'

/** A key, and perhaps a value. */
const PAIR = /^[^=]/

const texts = z.optional(z.record(z.string(), z.string()))
const date = z.iso.datetime()

const text = (description: string, example: string, pattern = /^/) =>
  ({
    in: 'query',
    description,
    schema: z.optional(withExample(z.string().check(z.maxLength(512), z.regex(pattern)), example)),
  }) as const

const search: Operation = {
  id: 'search',
  method: 'GET',
  path: '/api/v1/search',
  summary: 'Repositories and manifests that the caller may pull',
  description:
    'Needs a token with the scope `registry:catalog:*`, or Basic credentials, and no right `admin`. With no more than `q`, the results are repositories; with any other parameter, manifests that have all of it.',
  parameters: {
    q: text('A part of the name of a repository, or of its description.', 'team'),
    repository: text('The name of a repository.', 'team/app'),
    tag: text('A tag; with `*` at its end, all that begin so.', 'v1*'),
    digest: text(
      'The beginning of a digest, with or without its algorithm.',
      'sha256:0123',
      /^(?:(?:(?:sha256|sha512):)?[0-9a-f]{1,128})?$/,
    ),
    type: text(
      "A media type, or an artifact's type; for images, that of the configuration.",
      'application/vnd.oci.image.index.v1+json',
    ),
    label: text(
      'A label, `<key>` or `<key>=<value>`; may be repeated: at most 16 labels and annotations.',
      'maintainer=alice',
      PAIR,
    ),
    annotation: text('An annotation, likewise.', 'org.opencontainers.image.vendor', PAIR),
    n: {
      in: 'query',
      description: `Most results of a page; at most ${MOST}, which is the default.`,
      schema: z.optional(z.int().check(z.nonnegative())),
    },
    cursor: {
      in: 'query',
      description: 'The `next` of the page before.',
      schema: z.optional(
        withExample(
          z.string().check(z.regex(/^[A-Za-z0-9_-]{0,1000}$/)),
          Buffer.from('{"after":"team/app"}').toString('base64url'),
        ),
      ),
    },
  },
  responses: {
    200: {
      description:
        'A page; one that has a `next` may be short, or empty. `complete` is missing where there is no index: then there are names alone.',
      content: {
        'application/json': z.object({
          complete: z.optional(date),
          next: z.optional(z.string()),
          results: z.array(
            z.object({
              repository: z.string(),
              description: z.optional(z.string()),
              pushed: z.optional(date),
              tagCount: z.optional(z.int()),
              digest: z.optional(z.string()),
              tags: z.optional(z.array(z.string())),
              mediaType: z.optional(z.string()),
              artifactType: z.optional(z.string()),
              size: z.optional(z.int()),
              subject: z.optional(z.string()),
              labels: texts,
              annotations: texts,
            }),
          ),
        }),
      },
      headers: { Link: 'The next page, if there may be one.' },
    },
  },
  errors: [409],
  right: 'itself',
  run: ({ c, options }) => find(c, options),
}

/** Operations of search. */
export const SEARCH_OPERATIONS: readonly Operation[] = [search]
