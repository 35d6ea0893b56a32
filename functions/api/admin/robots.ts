/**
 * Robots: /api/v1/robots
 *
 * A secret is in one response, when it is made, and in no other.
 *
 * @module
 */

import { groupsOf } from '../../auth/accounts/accounts.ts'
import { readBindings } from '../../auth/accounts/administer/claims.ts'
import { absent } from '../../auth/accounts/administer/errors.ts'
import { readGroups } from '../../auth/accounts/administer/groups.ts'
import {
  addRobot,
  readRobots,
  removeRobot,
  rotateRobot,
  SECRET_LIFE,
  shortName,
} from '../../auth/accounts/administer/robots.ts'
import { MAX_ROBOT_NAME, ROBOT_PATTERN } from '../../auth/accounts/names.ts'
import { newSecret } from '../../auth/accounts/robots.ts'
import { ROBOT_PREFIX } from '../../auth/identity.ts'
import * as z from '../../shared/schema.ts'
import type { AdminDesk } from '../env.ts'
import { editAs, inOneGo } from './edit.ts'
import { withExample } from './example.ts'
import type { Operation } from './operation.ts'
import { PAGE_HEADERS, PAGING, pageOf } from './page.ts'

/** Most seconds: a hundred years. */
const LONGEST = 100 * 365 * 86_400
/** Seconds for which earlier secrets stay valid, unless something else is asked for. */
const KEPT = 86_400

const robot = z.object({
  name: z.string(),
  groups: z.array(z.string()),
  secrets: z.array(
    z.object({
      id: z.string(),
      created: z.iso.datetime(),
      /** null: never. */
      expires: z.nullable(z.iso.datetime()),
    }),
  ),
  /** Tokens with all of these claims log in as the robot. */
  claims: z.optional(z.array(z.string())),
})

const made = z.object({
  name: z.string(),
  /** The user name that it logs in with. */
  account: z.string(),
  id: z.optional(z.string()),
  secret: z.optional(z.string()),
  expires: z.optional(z.nullable(z.iso.datetime())),
})

/** The name of a robot, with or without `robot+`. */
export const ROBOT = {
  in: 'path',
  description: 'Name of a robot; robot+ before it does no harm.',
  schema: withExample(z.string().check(z.regex(ROBOT_PATTERN), z.maxLength(MAX_ROBOT_NAME)), 'ci'),
} as const

/** Seconds, or null for ever. */
const lifetime = z.optional(z.nullable(z.int().check(z.minimum(1), z.maximum(LONGEST))))

/** Robots as they are shown. */
const readShown = async ({ store }: AdminDesk) => {
  const robots = await readRobots(store)
  const groups = await readGroups(store)
  const bindings = await readBindings(store)
  const shown = (name: string): z.output<typeof robot> => ({
    name,
    groups: groupsOf(groups, ROBOT_PREFIX + name),
    secrets: (robots.get(name) ?? []).map(({ id, created, expires }) => ({ id, created, expires })),
    claims: bindings.get(name)?.slice(),
  })
  return { robots, shown }
}

/** A new secret. @param seconds that it is valid for; null for ever, undefined for as long as usual */
const secretFor = ({ now }: AdminDesk, seconds: number | null | undefined) => {
  const at = now()
  const life = seconds === undefined ? SECRET_LIFE : seconds && seconds * 1000
  return { at, ...newSecret(at, life) }
}

const list: Operation = {
  id: 'listRobots',
  method: 'GET',
  path: '/api/v1/robots',
  summary: 'Robots, with what they log in with and their groups',
  parameters: PAGING,
  responses: {
    200: {
      description: 'A page, in the order of names. Secrets may have expired.',
      content: { 'application/json': z.object({ robots: z.array(robot) }) },
      headers: PAGE_HEADERS,
    },
  },
  right: 'all',
  async run(request) {
    const { robots, shown } = await readShown(request.desk)
    return request.c.json({ robots: pageOf(request, robots.keys()).map(shown) })
  },
}

const get: Operation = {
  id: 'getRobot',
  method: 'GET',
  path: '/api/v1/robots/{robot}',
  summary: 'A robot, with what it logs in with and its groups',
  parameters: { robot: ROBOT },
  responses: {
    200: {
      description: 'The robot. Secrets may have expired.',
      content: { 'application/json': robot },
    },
  },
  errors: [404],
  right: 'all',
  async run({ c, desk, path }) {
    const name = shortName(path.robot ?? '')
    const { robots, shown } = await readShown(desk)
    if (!robots.has(name)) throw absent('robot', name)
    return c.json(shown(name))
  },
}

/** Its message is better than that of the pattern, which is for the description. */
const newName = z
  .string()
  .register(z.globalRegistry, { pattern: ROBOT_PATTERN.source, maxLength: MAX_ROBOT_NAME })

const wanted = withExample(
  z.strictObject({
    name: newName,
    lifetime,
    /** false: it logs in with tokens of an issuer only. */
    secret: z.optional(z.boolean()),
  }),
  { name: 'ci', lifetime: 2_592_000 },
)

const add: Operation = {
  id: 'addRobot',
  method: 'POST',
  path: '/api/v1/robots',
  summary: 'Add a robot',
  description:
    'Its secret is in this response, and in no other. It is valid for `lifetime` seconds, 90 days by default, or for ever with null. With `secret` false there is none.',
  body: { 'application/json': wanted },
  responses: {
    201: { description: 'The robot is added.', content: { 'application/json': made } },
  },
  errors: [415],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const given = await request.json(wanted)
    const name = shortName(given.name)
    const { secret, entry } = secretFor(desk, given.lifetime)
    const without = given.secret === false
    await addRobot(desk.store, editAs(request), name, without ? [] : [entry])
    request.changed(`add robot ${name}`)
    const account = ROBOT_PREFIX + name
    if (without) return c.json({ name, account }, 201)
    return c.json({ name, account, id: entry.id, secret, expires: entry.expires }, 201)
  },
}

const rotation = z.strictObject({
  lifetime,
  keep: z.optional(z.int().check(z.minimum(0), z.maximum(LONGEST))),
})

const rotate: Operation = {
  id: 'rotateRobot',
  method: 'POST',
  path: '/api/v1/robots/{robot}/secrets',
  summary: 'Give a robot a new secret',
  description:
    'It is in this response, and in no other, and valid for `lifetime` seconds, 90 days by default, or for ever with null. Earlier secrets stay valid for `keep` seconds at most, a day by default.',
  parameters: { robot: ROBOT },
  body: { 'application/json': rotation },
  responses: {
    201: { description: 'The secret is made.', content: { 'application/json': made } },
  },
  errors: [404, 415],
  right: 'all',
  async run(request) {
    const { c, desk } = request
    const given = await request.json(rotation)
    const name = shortName(request.path.robot ?? '')
    const { secret, entry, at } = secretFor(desk, given.lifetime)
    await rotateRobot(editAs(request), name, entry, at, (given.keep ?? KEPT) * 1000)
    request.changed(`rotate robot ${name}`)
    const { id, expires } = entry
    return c.json({ name, account: ROBOT_PREFIX + name, id, secret, expires }, 201)
  },
}

const remove: Operation = {
  id: 'deleteRobot',
  method: 'DELETE',
  path: '/api/v1/robots/{robot}',
  summary: 'Remove a robot with its secrets and claims, also from all groups',
  parameters: { robot: ROBOT },
  responses: { 204: { description: 'The robot is removed.' } },
  errors: [404],
  right: 'all',
  async run(request) {
    const name = shortName(request.path.robot ?? '')
    await inOneGo(request, `remove robot ${name}`, (edit) => removeRobot(edit, name))
    return request.c.body(null, 204)
  },
}

/** Operations on robots. */
export const ROBOT_OPERATIONS: readonly Operation[] = [list, add, get, rotate, remove]
