/**
 * What the page looks at, which needs no right to administer anything.
 *
 * @module
 */

import { ORDERS } from '../../page/catalog.ts'
import { KINDS } from '../../page/kind.ts'
import { MOST_CALLS, MOST_TAGS } from '../../page/tags.ts'
import * as z from '../../shared/schema.ts'
import { MOST, respond as respondCatalog } from '../browse/catalog.ts'
import { remove, respondPreview } from '../browse/delete.ts'
import { respond as respondImage } from '../browse/image.ts'
import { SHOWN_RIGHTS } from '../browse/rights.ts'
import { respond as respondTags } from '../browse/tags.ts'
import type { AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'
import { NAME } from './repositories.ts'

const bytes = z.int().check(z.nonnegative())
const date = z.iso.datetime()
const kind = z.enum(KINDS)
const texts = z.optional(z.record(z.string(), z.string()))
const text = z.optional(z.string())
/** What the caller may do with the repository, of what the page offers. */
const rights = z.array(z.enum(SHOWN_RIGHTS))
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const REFERENCE = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/
const count = (description: string) =>
  ({ in: 'query', description, schema: z.optional(bytes) }) as const

const browser = ({ browse }: AppOptions): NonNullable<AppOptions['browse']> => {
  if (browse !== undefined) return browse
  throw new RequestError('ENDPOINT_UNKNOWN', 'this registry cannot be looked at so')
}

const catalog: Operation = {
  id: 'listCatalog',
  method: 'GET',
  path: '/api/v1/catalog',
  summary: 'The repositories that the caller may pull, and what is known of them',
  description:
    'Needs a token with the scope `registry:catalog:*`, or Basic credentials, and no right `admin`. Last pushes and descriptions are known where there is an index for search, sizes where a clean-up has counted them.',
  parameters: {
    q: {
      in: 'query',
      description: 'A part of the name of a repository, or of its description.',
      schema: z.optional(withExample(z.string().check(z.maxLength(512)), 'team')),
    },
    sort: {
      in: 'query',
      description: 'The order: by name, the latest push first, or the largest first.',
      schema: z.optional(z.enum(ORDERS)),
    },
    n: count(`Most repositories of a page; at most ${MOST}, by default 50.`),
    page: {
      in: 'query',
      description: 'Number of the page, from 1.',
      schema: z.optional(z.int().check(z.gte(1), z.lte(1000))),
    },
  },
  responses: {
    200: {
      description: 'A page.',
      content: {
        'application/json': z.object({
          repositories: z.array(
            z.object({
              name: z.string(),
              description: text,
              pushed: z.optional(date),
              tagCount: z.optional(z.int()),
              size: z.optional(bytes),
            }),
          ),
          count: z.int(),
          pages: z.int(),
          indexed: z.boolean(),
          sized: z.boolean(),
        }),
      },
    },
  },
  right: 'itself',
  run: ({ c, options }) => respondCatalog(c, options, browser(options)),
}

const tags: Operation = {
  id: 'listTags',
  method: 'GET',
  path: '/api/v1/tags/{name}',
  summary: 'A page of the tags of a repository, and what each is',
  description: `Needs the right \`pull\`. At most ${MOST_CALLS} operations of the store: where \`complete\` is false, something is not known of some tags yet, and the same request again says more. In the order of the store, which has \`v1-rc\` before \`v1\`. \`by\` is who set the tag, where its link says so, and only for callers with credentials; \`pulled\` is right to within a day, and there where pulls are recorded, since \`pullsSince\`; a signature is not verified.`,
  parameters: {
    name: NAME,
    begins: {
      in: 'query',
      description: 'What the tags begin with.',
      schema: z.optional(withExample(z.string().check(z.regex(TAG)), 'v1')),
    },
    n: count(`Most tags of a page; at most ${MOST_TAGS}, which is the default.`),
    last: {
      in: 'query',
      description: 'The tag after which the page begins.',
      schema: z.optional(withExample(z.string().check(z.regex(TAG)), 'v1.0')),
    },
  },
  responses: {
    200: {
      description: 'A page; one that has a `next` may be short.',
      content: {
        'application/json': z.object({
          repository: z.string(),
          tags: z.array(
            z.object({
              tag: z.string(),
              digest: z.string(),
              pushed: date,
              /** Who set it, where its link says so; not for callers without credentials. */
              by: text,
              /** When its manifest was last pulled, to within a day. */
              pulled: z.optional(date),
              immutable: z.boolean(),
              /** Whether its manifest has a signature, which is not verified. */
              signed: z.optional(z.boolean()),
              kind: z.optional(kind),
              mediaType: text,
              artifactType: text,
              size: z.optional(bytes),
              platforms: z.optional(z.array(z.string())),
            }),
          ),
          next: text,
          /** Since when pulls are recorded, if they are. */
          pullsSince: z.optional(date),
          complete: z.boolean(),
          rights,
        }),
      },
      headers: { Link: 'The next page, if there is one.' },
    },
  },
  errors: [404],
  right: 'itself',
  run: ({ c, path, options }) => respondTags(c, path.name ?? '', options, browser(options)),
}

const descriptor = z.looseObject({ digest: z.string(), mediaType: z.string(), size: bytes })

const image: Operation = {
  id: 'getImage',
  method: 'GET',
  path: '/api/v1/images/{name}',
  summary: 'A manifest, its configuration, and what refers to it',
  description:
    'Needs the right `pull`. `image` is of an image, `chart` of a Helm chart, `children` of an index.',
  parameters: {
    name: NAME,
    reference: {
      in: 'query',
      description: 'A tag or a digest; `latest` by default.',
      schema: z.optional(withExample(z.string().check(z.regex(REFERENCE)), 'v1')),
    },
  },
  responses: {
    200: {
      description: 'The manifest.',
      content: {
        'application/json': z.object({
          repository: z.string(),
          digest: z.string(),
          tag: text,
          immutable: z.optional(z.boolean()),
          kind,
          mediaType: z.string(),
          manifestSize: bytes,
          artifactType: text,
          annotations: texts,
          subject: text,
          size: z.optional(bytes),
          config: z.optional(descriptor),
          image: z.optional(z.looseObject({})),
          chart: z.optional(z.looseObject({})),
          layers: z.optional(z.array(descriptor)),
          children: z.optional(z.array(z.extend(descriptor, { platform: text, about: text }))),
          referrers: z.array(z.extend(descriptor, { kind })),
          moreReferrers: z.boolean(),
          rights,
        }),
      },
    },
  },
  errors: [404],
  right: 'itself',
  run: ({ c, path, options }) => respondImage(c, path.name ?? '', options, browser(options)),
}

const reference = (description: string) =>
  ({
    in: 'query',
    description,
    schema: z.optional(withExample(z.string().check(z.regex(REFERENCE)), 'v1')),
  }) as const

const preview: Operation = {
  id: 'previewDelete',
  method: 'GET',
  path: '/api/v1/delete-preview/{name}',
  summary: 'What a delete would take along',
  description:
    'Needs the right `delete`. Of a tag, the tag alone; of a manifest, every tag that points at it; of a repository, all.',
  parameters: { name: NAME, reference: reference('A tag or a digest; without, all of it goes.') },
  responses: {
    200: {
      description:
        'What goes. With more than 10,000 tags, `complete` is false, and others may go, too. `referrers` stay, and refer to nothing.',
      content: {
        'application/json': z.object({
          repository: z.string(),
          digest: text,
          manifest: z.boolean(),
          tags: z.array(z.object({ tag: z.string(), immutable: z.boolean() })),
          complete: z.boolean(),
          referrers: z.int(),
          moreReferrers: z.boolean(),
          /** For how many days it can be undone. */
          undeleteDays: z.int(),
        }),
      },
    },
  },
  errors: [404],
  right: 'itself',
  run: ({ c, path, options }) => respondPreview(c, path.name ?? '', options, browser(options)),
}

const removal: Operation = {
  id: 'deleteImage',
  method: 'DELETE',
  path: '/api/v1/images/{name}',
  summary: 'Delete a tag, or a manifest with every tag that points at it',
  description: 'Needs the right `delete`. As `DELETE /v2/<name>/manifests/<reference>`.',
  parameters: {
    name: NAME,
    reference: { ...reference('A tag or a digest.'), required: true },
    override: {
      in: 'query',
      description:
        'Whether immutable tags go, too, where the caller has the right `override`; true by default.',
      schema: z.optional(z.enum(['true', 'false'])),
    },
  },
  responses: { 204: { description: 'It is gone.' } },
  errors: [404, 409],
  right: 'itself',
  run: ({ c, path, options }) => remove(c, path.name ?? '', options),
}

/** Operations of those who look around. */
export const BROWSE_OPERATIONS: readonly Operation[] = [catalog, tags, image, preview, removal]
