/**
 * Users: /api/v1/users
 *
 * No response has a password or a hash in it.
 *
 * @module
 */

import { groupsOf } from '../../auth/accounts/accounts.ts'
import { absent } from '../../auth/accounts/administer/errors.ts'
import { readGroups } from '../../auth/accounts/administer/groups.ts'
import {
  checkPassword,
  importUsers,
  readUsers,
  removeUser,
  setPassword,
} from '../../auth/accounts/administer/users.ts'
import type { Groups } from '../../auth/accounts/groups.ts'
import { readHtpasswd } from '../../auth/accounts/htpasswd.ts'
import * as z from '../../shared/schema.ts'
import { editAs, inOneGo } from './edit.ts'
import { withExample } from './example.ts'
import { readGiven } from './given.ts'
import type { Operation } from './operation.ts'
import { PAGE_HEADERS, PAGING, pageOf } from './page.ts'
import { CONDITIONS, etagOf, IF_MATCH, matches, mayMatch, readCondition } from './precondition.ts'

const user = z.object({ name: z.string(), groups: z.array(z.string()) })
const leftOut = z.array(z.string())

const NAME = {
  in: 'path',
  description: 'Name of a user.',
  schema: withExample(z.string().check(z.minLength(1)), 'bob'),
  wide: true,
} as const

/** What an entity tag stands for. @param line of htpasswd: its hash has a salt that nobody knows */
const stateOf = (groups: Groups, name: string, line: string | undefined): string | undefined =>
  line && JSON.stringify([line, groupsOf(groups, name)])

const list: Operation = {
  id: 'listUsers',
  method: 'GET',
  path: '/api/v1/users',
  summary: 'Users, with their groups',
  parameters: PAGING,
  responses: {
    200: {
      description:
        'A page, in the order of names. `leftOut` says which lines of the document cannot be used.',
      content: { 'application/json': z.object({ users: z.array(user), leftOut }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const { users, faults } = await readUsers(desk.store)
    const groups = await readGroups(desk.store)
    const page = pageOf(request, users.keys())
    const listed = page.map((name) => ({ name, groups: groupsOf(groups, name) }))
    return c.json({ users: listed, leftOut: faults })
  },
}

const get: Operation = {
  id: 'getUser',
  method: 'GET',
  path: '/api/v1/users/{user}',
  summary: 'A user, with their groups',
  parameters: { user: NAME },
  responses: {
    200: {
      description: 'The user.',
      content: { 'application/json': user },
      headers: { ETag: 'Names this password and these groups.' },
    },
  },
  errors: [404],
  right: 'all',
  async run({ c, desk, path: { user: name = '' } }) {
    const { users } = await readUsers(desk.store)
    const hash = users.get(name)
    if (hash === undefined) throw absent('user', name)
    const groups = await readGroups(desk.store)
    c.header('ETag', `"${etagOf(stateOf(groups, name, `${name}:${hash}`) ?? '')}"`)
    return c.json({ name, groups: groupsOf(groups, name) })
  },
}

const credentials = withExample(z.strictObject({ password: z.string() }), {
  password: 'correct horse',
})

const put: Operation = {
  id: 'putUser',
  method: 'PUT',
  path: '/api/v1/users/{user}',
  summary: 'Add a user, or change the password of one',
  description:
    'With If-None-Match: * the user is added; with If-Match the password of one who is there is changed. A password has at most 72 bytes.',
  parameters: { user: NAME, ...CONDITIONS },
  body: { 'application/json': credentials },
  responses: {
    201: { description: 'The user is added.' },
    204: { description: 'The password is changed.' },
  },
  errors: [412, 415, 428],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const name = request.path.user ?? ''
    const condition = readCondition(c)
    const { password } = await request.json(credentials)
    checkPassword(password)
    const groups = await readGroups(desk.store)
    await setPassword({
      store: desk.store,
      edit: editAs(request),
      name,
      expect: (line) => matches(condition, stateOf(groups, name, line)),
      newHash: () => desk.hashPassword(password),
    })
    const added = condition === 'none'
    request.changed(added ? `add user ${name}` : `set password of user ${name}`)
    return c.body(null, added ? 201 : 204)
  },
}

const remove: Operation = {
  id: 'deleteUser',
  method: 'DELETE',
  path: '/api/v1/users/{user}',
  summary: 'Remove a user, also from all groups',
  parameters: { user: NAME, ...IF_MATCH },
  responses: { 204: { description: 'The user is removed.' } },
  errors: [404, 412],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const name = request.path.user ?? ''
    const condition = mayMatch(c)
    const groups = await readGroups(desk.store)
    const expect = (line: string | undefined): void => {
      if (condition !== undefined) matches(condition, stateOf(groups, name, line))
    }
    await inOneGo(request, `remove user ${name}`, (edit) => removeUser(edit, name, expect))
    return c.body(null, 204)
  },
}

const given = withExample(z.strictObject({ htpasswd: z.string() }), {
  // Of a password that nobody knows.
  htpasswd: 'eve:$2y$10$W8.5EGrGS.zqSgMN4fzdZOd0hKbeC5COrws3mNisMBPqzKNFr3K8G\n',
})

const add: Operation = {
  id: 'importUsers',
  method: 'POST',
  path: '/api/v1/users',
  summary: 'Add the users of an htpasswd file',
  description:
    'As slipway user import does: only bcrypt can be taken over, and users who are there already keep their passwords.',
  body: { 'application/json': given },
  responses: {
    200: {
      description:
        'Who was added, who is there with another password, and which lines were left out.',
      content: {
        'application/json': z.object({
          added: z.array(z.string()),
          kept: z.array(z.string()),
          leftOut,
        }),
      },
    },
  },
  errors: [415],
  right: 'all',
  async run(request) {
    const { htpasswd } = await request.json(given)
    const { users, faults } = await readGiven(() => readHtpasswd(htpasswd))
    const { added, kept } = await importUsers(editAs(request), users)
    for (const name of added) request.changed(`add user ${name}`)
    return request.c.json({ added, kept, leftOut: faults })
  },
}

/** Operations on users. */
export const USER_OPERATIONS: readonly Operation[] = [list, add, get, put, remove]
