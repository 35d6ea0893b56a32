/**
 * Groups and their members: /api/v1/groups
 *
 * @module
 */

import { absent } from '../../auth/accounts/administer/errors.ts'
import {
  addMembers,
  readGroups,
  removeMembers,
  strangersAmong,
} from '../../auth/accounts/administer/groups.ts'
import * as z from '../../shared/schema.ts'
import { editAs } from './edit.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'
import { PAGE_HEADERS, PAGING, pageOf } from './page.ts'

const group = z.object({ name: z.string(), members: z.array(z.string()) })

const GROUP = {
  in: 'path',
  description: 'Name of a group; a slash in it is %2F.',
  schema: withExample(z.string().check(z.minLength(1)), 'dev'),
} as const

const MEMBER = {
  in: 'path',
  description: 'A user, or a robot as robot+<name>.',
  schema: withExample(z.string().check(z.minLength(1)), 'robot+ci'),
  wide: true,
} as const

const list: Operation = {
  id: 'listGroups',
  method: 'GET',
  path: '/api/v1/groups',
  summary: 'Groups, with their members',
  parameters: PAGING,
  responses: {
    200: {
      description: 'A page, in the order of names.',
      content: { 'application/json': z.object({ groups: z.array(group) }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'all',
  async run(request) {
    const groups = await readGroups(request.desk.store)
    const page = pageOf(request, groups.keys())
    const listed = page.map((name) => ({ name, members: [...(groups.get(name) ?? [])] }))
    return request.c.json({ groups: listed })
  },
}

const get: Operation = {
  id: 'getGroup',
  method: 'GET',
  path: '/api/v1/groups/{group}',
  summary: 'A group, with its members',
  parameters: { group: GROUP },
  responses: { 200: { description: 'The group.', content: { 'application/json': group } } },
  errors: [404],
  right: 'all',
  async run({ c, desk, path: { group: name = '' } }) {
    const members = (await readGroups(desk.store)).get(name)
    if (members === undefined) throw absent('group', name)
    return c.json({ name, members: [...members] })
  },
}

const remove: Operation = {
  id: 'deleteGroup',
  method: 'DELETE',
  path: '/api/v1/groups/{group}',
  summary: 'Remove a group',
  parameters: { group: GROUP },
  responses: { 204: { description: 'The group is removed.' } },
  errors: [404],
  right: 'all',
  async run(request) {
    const name = request.path.group ?? ''
    await removeMembers(editAs(request), name, [])
    request.changed(`remove group ${name}`)
    return request.c.body(null, 204)
  },
}

const join: Operation = {
  id: 'addGroupMember',
  method: 'PUT',
  path: '/api/v1/groups/{group}/members/{member}',
  summary: 'Add a user or robot to a group, which is created if necessary',
  parameters: { group: GROUP, member: MEMBER },
  responses: {
    200: {
      description: 'It is a member. `known` is false where there is no such account yet.',
      content: { 'application/json': z.object({ known: z.boolean() }) },
    },
  },
  right: 'all',
  async run(request) {
    const { group: name = '', member = '' } = request.path
    const changed = await addMembers(editAs(request), name, [member])
    if (changed) request.changed(`add ${member} to group ${name}`)
    const strangers = await strangersAmong(request.desk.store, [member])
    return request.c.json({ known: strangers.length === 0 })
  },
}

const leave: Operation = {
  id: 'removeGroupMember',
  method: 'DELETE',
  path: '/api/v1/groups/{group}/members/{member}',
  summary: 'Remove a user or robot from a group',
  parameters: { group: GROUP, member: MEMBER },
  responses: { 204: { description: 'It is no member any more.' } },
  errors: [404],
  right: 'all',
  async run(request) {
    const { group: name = '', member = '' } = request.path
    await removeMembers(editAs(request), name, [member])
    request.changed(`remove ${member} from group ${name}`)
    return request.c.body(null, 204)
  },
}

/** Operations on groups. */
export const GROUP_OPERATIONS: readonly Operation[] = [list, get, remove, join, leave]
