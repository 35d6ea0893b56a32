/**
 * What was deleted, and what brings it back.
 *
 * @module
 */

import { unreported } from '../../registry/damage.ts'
import { pageOfDeletions } from '../../registry/deleted/deletions.ts'
import { areThere } from '../../registry/deleted/there.ts'
import { undelete } from '../../registry/deleted/undelete.ts'
import { RegistryError } from '../../registry/errors.ts'
import type { Recording } from '../../registry/happened.ts'
import { raisingStored } from '../../registry/quotas/stored.ts'
import { parseDigest, parseName, parseTag, type Reference } from '../../registry/reference.ts'
import { listAllWhole, listWhole } from '../../registry/whole/list.ts'
import { undeleteWhole } from '../../registry/whole/undelete.ts'
import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { permitAdmin } from '../middleware/permit.ts'
import { finishPage } from '../paging.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'
import { opaque, opaquePaging, PAGE_HEADERS } from './page.ts'
import { NAME } from './repositories.ts'

/** Most whole repositories that are listed. */
const MOST = 10_000
/** Most deletes of a page: each is read, and may name a thousand tags. */
const MOST_READ = 100

const whole = z.object({
  at: z.iso.datetime(),
  by: z.optional(z.string()),
  /** Whether it is not done yet. */
  pending: z.boolean(),
})

const list: Operation = {
  id: 'listDeletedRepositories',
  method: 'GET',
  path: '/api/v1/deleted',
  summary: 'Deletes of whole repositories that the caller administers',
  responses: {
    200: {
      description: 'In the order of names; of each, the latest first. At most 10,000 repositories.',
      content: {
        'application/json': z.object({
          repositories: z.array(z.object({ name: z.string(), deletes: z.array(whole) })),
        }),
      },
    },
  },
  right: 'some',
  async run({ c, desk, caller }) {
    const repositories: object[] = []
    for await (const { name, deletes } of listAllWhole(desk.store)) {
      if (!caller.allows(name, 'admin') || deletes.length === 0) continue
      if (repositories.length === MOST) break
      repositories.push({ name, deletes: deletes.map(wholeOf) })
    }
    return c.json({ repositories })
  },
}

const wholeOf = ({
  at,
  by,
  state,
}: {
  readonly at: number
  readonly by: string | undefined
  readonly state: string
}) => ({ at: new Date(at).toISOString(), by, pending: state === 'pending' })

const ofOne: Operation = {
  id: 'listDeletes',
  method: 'GET',
  path: '/api/v1/deleted/{name}',
  summary: 'Deletes in a repository',
  parameters: { name: NAME, ...opaque(MOST_READ) },
  responses: {
    200: {
      description:
        'A page, the latest first; deletes of all of the repository (`whole`) are in the first page.',
      headers: PAGE_HEADERS,
      content: {
        'application/json': z.object({
          name: z.string(),
          whole: z.array(z.extend(whole, { id: z.string() })),
          deletes: z.array(
            z.object({
              id: z.string(),
              at: z.iso.datetime(),
              by: z.optional(z.string()),
              rule: z.optional(z.string()),
              digest: z.string(),
              tag: z.optional(z.string()),
              tags: z.optional(z.array(z.string())),
              /** Whether it is there now. */
              isThere: z.boolean(),
            }),
          ),
        }),
      },
    },
  },
  right: 'name',
  async run(request) {
    const { c, desk, path } = request
    const name = parseName(path.name ?? '')
    const paging = opaquePaging(request, MOST_READ)
    const { limit, last } = paging
    const [{ deletes }, { deletions, ...page }] = await Promise.all([
      last === undefined ? listWhole(desk.store, name) : { deletes: [] },
      pageOfDeletions(desk.store, name, Math.max(limit, 1), last),
    ])
    const all = finishPage(c, paging, page).length === 0 ? [] : deletions
    const there = await areThere(desk.store, name, all)
    return c.json({
      name,
      whole: deletes.map((each) => ({ id: each.id, ...wholeOf(each) })),
      deletes: all.map(({ id, at, by, rule, digest, tag, tags }, place) => ({
        id,
        at: at.toISOString(),
        by,
        rule,
        digest,
        tag,
        tags,
        isThere: there[place] ?? false,
      })),
    })
  },
}

const wanted = withExample(
  z.strictObject({
    repository: z.string(),
    tag: z.optional(z.string()),
    digest: z.optional(z.string()),
  }),
  { repository: 'team/app', tag: 'v1' },
)

const referenceOf = ({ tag, digest }: z.output<typeof wanted>): Reference | undefined => {
  if (tag !== undefined && digest !== undefined) {
    throw new RequestError('PARAMETER_INVALID', 'expected a tag or a digest, not both')
  }
  if (tag !== undefined) return { tag: parseTag(tag) }
  return digest === undefined ? undefined : { digest: parseDigest(digest) }
}

/** Does what is recorded; what the registry refuses is withdrawn. */
const recorded = async <T>(
  recording: Recording | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    const result = await work()
    recording?.done()
    return result
  } catch (error) {
    if (error instanceof RegistryError) await recording?.withdraw()
    throw error
  }
}

const restore: Operation = {
  id: 'undelete',
  method: 'POST',
  path: '/api/v1/undelete',
  summary: 'Undo the last delete of a tag, a manifest or a whole repository',
  body: { 'application/json': wanted },
  responses: {
    200: {
      description:
        'What came back: how many tags and manifests, and which tags (`restored`) where not all of the repository was meant; then it is all as before `at`. Tags that were set meanwhile stay as they are (`kept`).',
      content: {
        'application/json': z.object({
          repository: z.string(),
          digest: z.optional(z.string()),
          at: z.optional(z.iso.datetime()),
          manifests: z.int(),
          tags: z.int(),
          restored: z.optional(z.array(z.string())),
          kept: z.array(z.string()),
          lost: z.array(z.string()),
        }),
      },
    },
  },
  errors: [404, 412, 415],
  right: 'body',
  async run(request) {
    const { c, desk } = request
    const given = await request.json(wanted)
    const name = parseName(given.repository)
    const reference = referenceOf(given)
    const caller = await permitAdmin(c, { name })
    const { store, now } = desk
    // Who administers all may set the limit, too.
    const raise = raisingStored(store, now, caller.administers() !== 'all')
    const recording = desk.events?.begin(name, eventOrigin(c))
    if (reference === undefined) {
      const { at, manifests, tags, kept, lost } = await recorded(recording, () =>
        undeleteWhole(store, name, unreported, now, recording, raise),
      )
      request.changed(`undelete ${name}`)
      return c.json({ repository: name, at: at.toISOString(), manifests, tags, kept, lost })
    }
    const { digest, manifest, tags, kept } = await recorded(recording, () =>
      undelete(store, name, reference, unreported, now, recording, raise),
    )
    request.changed(`undelete ${name}${given.tag === undefined ? `@${digest}` : `:${given.tag}`}`)
    const back = { manifests: manifest ? 1 : 0, tags: tags.length, restored: tags, kept, lost: [] }
    return c.json({ repository: name, digest, ...back })
  },
}

/** Operations on deletes. */
export const DELETED_OPERATIONS: readonly Operation[] = [list, ofOne, restore]
