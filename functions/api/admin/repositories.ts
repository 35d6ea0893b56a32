/**
 * Repositories, their deletes and their bytes.
 *
 * @module
 */

import type { Caller } from '../../auth/authorizer.ts'
import { RegistryError } from '../../registry/errors.ts'
import { MAX_NAME_LENGTH, NAME_PATTERN, parseName } from '../../registry/reference.ts'
import { readUsage, UsageChanged } from '../../registry/usage/usage.ts'
import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { finishPage, readPaging } from '../paging.ts'
import { listFor } from '../routes/catalog.ts'
import { deleteRepository } from '../routes/delete-repository.ts'
import { withExample } from './example.ts'
import type { Operation, Request } from './operation.ts'
import { PAGE_HEADERS, PAGING } from './page.ts'

/** The name of a repository, as the last part of a path. */
export const NAME = {
  in: 'path',
  description: 'Name of a repository.',
  schema: withExample(
    z.string().check(z.regex(NAME_PATTERN), z.maxLength(MAX_NAME_LENGTH)),
    'team/app',
  ),
  wide: true,
} as const

const bytes = z.int().check(z.nonnegative())
const usage = z.object({ own: bytes, shared: bytes, condemned: bytes, reclaimable: bytes })
const date = z.iso.datetime()

/** What a caller administers, in the terms of the catalog. */
const administered = (caller: Caller): Pick<Caller, 'pullsEverything' | 'lists'> => ({
  pullsEverything: caller.administers() === 'all',
  lists: (name) => caller.allows(name, 'admin'),
})

const list: Operation = {
  id: 'listRepositories',
  method: 'GET',
  path: '/api/v1/repositories',
  summary: 'The repositories that the caller administers',
  parameters: PAGING,
  responses: {
    200: {
      description: 'A page, in ASCII order.',
      content: { 'application/json': z.object({ repositories: z.array(z.string()) }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'some',
  async run({ c, caller, options }) {
    const paging = readPaging(c)
    const limit = Math.max(paging.limit, 1)
    const page = await listFor(options.registry.catalog, administered(caller), limit, paging.last)
    return c.json({ repositories: finishPage(c, paging, page) })
  },
}

/** Works on the usage, again where a newer walk has ended meanwhile. */
const withUsage = async <T>(
  { desk }: Request,
  work: (found: Awaited<ReturnType<typeof readUsage>>) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(await readUsage(desk.store))
    } catch (error) {
      if (!(error instanceof UsageChanged)) throw error
      if (attempt < 3) continue
      const message = 'the usage is being counted anew, or is damaged: try again'
      throw new RequestError('CONFLICT', message, { cause: error })
    }
  }
}

const get: Operation = {
  id: 'getRepository',
  method: 'GET',
  path: '/api/v1/repositories/{name}',
  summary: 'A repository, and its bytes as the last clean-up found them',
  parameters: { name: NAME },
  responses: {
    200: {
      description: 'The repository; `usage` is missing where no clean-up has counted it yet.',
      content: {
        'application/json': z.object({
          name: z.string(),
          usage: z.optional(z.extend(usage, { date })),
        }),
      },
    },
  },
  errors: [404, 409],
  right: 'name',
  async run(request) {
    const { c, path, options } = request
    const name = parseName(path.name ?? '')
    if (!(await options.registry.catalog.has(name))) {
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`)
    }
    return withUsage(request, async (found) => {
      const counted = await found?.of(name)
      if (found === undefined || counted === undefined) return c.json({ name })
      const { name: _, ...rest } = counted
      return c.json({ name, usage: { ...rest, date: found.date.toISOString() } })
    })
  },
}

const remove: Operation = {
  id: 'deleteRepository',
  method: 'DELETE',
  path: '/api/v1/repositories/{name}',
  summary: 'Delete a whole repository',
  description:
    'Needs the right `delete` on it rather than `admin`. It can be undone for the days of --undelete-days.',
  parameters: {
    name: NAME,
    override: {
      in: 'query',
      description:
        'Whether immutable tags go, too, where the caller has the right `override`; true by default.',
      schema: z.optional(z.enum(['true', 'false'])),
    },
  },
  responses: {
    202: {
      description: 'What is gone, whether there is more to do, and until when it can be undone.',
      content: {
        'application/json': z.object({
          name: z.string(),
          deletedAt: date,
          undeletableUntil: z.optional(date),
          deleted: z.int(),
          remaining: z.boolean(),
          /** Immutable tags that go, and where they pointed. */
          overridden: z.array(z.object({ tag: z.string(), was: z.string() })),
        }),
      },
    },
  },
  errors: [404, 409],
  right: 'itself',
  run: async ({ c, path, options }) => deleteRepository(c, path.name ?? '', options),
}

const all: Operation = {
  id: 'listUsage',
  method: 'GET',
  path: '/api/v1/usage',
  summary: 'The bytes of the repositories that the caller administers',
  description:
    'As the last clean-up found them. A page of at most 1000, in the order of the clean-up: `a/b` before `a`.',
  parameters: PAGING,
  responses: {
    200: {
      description:
        'A page. `count`, `pool` and `removed`, which is what the clean-up then took away, are only for those who administer all.',
      content: {
        'application/json': z.object({
          date,
          count: z.optional(z.int()),
          pool: z.optional(z.object({ kept: bytes, condemned: bytes, reclaimable: bytes })),
          removed: z.optional(z.object({ things: z.int(), bytes })),
          repositories: z.array(z.extend(usage, { name: z.string() })),
        }),
      },
      headers: PAGE_HEADERS,
    },
  },
  errors: [404, 409],
  right: 'some',
  async run(request) {
    const { c, caller } = request
    const paging = readPaging(c)
    return withUsage(request, async (found) => {
      if (found === undefined) {
        throw new RequestError('ABSENT', 'no clean-up has counted yet: run slipway usage --now')
      }
      const mine = administered(caller)
      const page: z.output<typeof usage>[] = []
      const names: string[] = []
      let more = false
      let begun = paging.last === undefined
      for await (const each of found.repositories()) {
        const { name, own, shared, condemned, reclaimable } = each
        if (begun && mine.lists(name)) {
          more = names.length >= Math.max(paging.limit, 1)
          if (more) break
          names.push(name)
          page.push({ own, shared, condemned, reclaimable })
        }
        begun ||= name === paging.last
      }
      const listed = finishPage(c, paging, { names, more })
      const { count, pool, removed } = found
      const whole = { count, pool, removed }
      return c.json({
        date: found.date.toISOString(),
        ...(mine.pullsEverything ? whole : {}),
        repositories: listed.map((name, at) => ({ name, ...page[at] })),
      })
    })
  },
}

/** Operations on repositories. */
export const REPOSITORY_OPERATIONS: readonly Operation[] = [list, get, remove, all]
