/**
 * `slipway robot`: machines that log in with a secret.
 *
 * @module
 */

import { groupsOf } from '../../auth/accounts/accounts.ts'
import { robotNameFault } from '../../auth/accounts/names.ts'
import {
  formatRobots,
  isCurrent,
  newSecret,
  parseRobots,
  type RobotSecret,
  type Robots,
  rotated,
} from '../../auth/accounts/robots.ts'
import { readDocument } from '../../auth/document.ts'
import { ROBOT_PREFIX, robotName } from '../../auth/identity.ts'
import { POLICY_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { checkName, leaveGroups, listLine, noSuch, readGroups } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'
import { readBindings, unbind } from './robot-claims.ts'

/** A robot by its name. */
interface Named {
  readonly args: { readonly name: string }
}

/** A robot, and how long its new secret lives in milliseconds; null is for ever. */
interface Given extends Named {
  readonly flags: { readonly expires: number | null }
}

/** The short name: the one that it logs in with is understood, too. */
const shortName = ({ args: { name } }: Named): string => robotName(name) ?? name

const readRobots = async (store: ObjectStore): Promise<Robots> =>
  parseRobots(await readDocument(store, ROBOTS_KEY))

const editRobots = (
  { edit }: StoreIo,
  change: (robots: Map<string, readonly RobotSecret[]>) => void,
): Promise<boolean> =>
  edit(ROBOTS_KEY, (text) => {
    const robots = new Map(parseRobots(text))
    change(robots)
    return formatRobots(robots)
  })

/** Says what a robot cannot do yet. */
const sayRights = async ({ store, say }: StoreIo): Promise<void> => {
  if ((await readDocument(store, POLICY_KEY)) === undefined) {
    say('There is no policy, so it may do nothing: see slipway policy set.')
  }
}

const addTo = (
  robots: Map<string, readonly RobotSecret[]>,
  name: string,
  secrets: readonly RobotSecret[],
): void => {
  if (robots.has(name)) {
    throw new CommandError(`there is a robot ${name} already: see slipway robot rotate`)
  }
  robots.set(name, secrets)
}

/** Gives a robot a secret. @param put puts it among the others, at a time in milliseconds */
const addSecret = async (
  io: StoreIo,
  name: string,
  expires: number | null,
  put: (robots: Map<string, readonly RobotSecret[]>, entry: RobotSecret, at: number) => void,
): Promise<void> => {
  const at = io.now()
  const { secret, entry } = newSecret(at, expires)
  await editRobots(io, (robots) => put(robots, entry, at))
  io.print(secret)
  const ends = entry.expires === null ? 'never expires' : `expires on ${entry.expires}`
  io.say(`This secret is shown only now. It logs in as ${ROBOT_PREFIX}${name}, and ${ends}.`)
}

/** `slipway robot add`. */
export const addRobot = async (
  io: StoreIo,
  given: Given & { readonly flags: { readonly 'without-secret': boolean } },
): Promise<void> => {
  const name = shortName(given)
  checkName('robot', name, robotNameFault)
  // Before it is there. An older version has perhaps removed one of the name, and left what it was bound to.
  if (!(await readRobots(io.store)).has(name)) await unbind(io, name)
  if (given.flags['without-secret']) {
    await editRobots(io, (robots) => addTo(robots, name, []))
    io.say(`Added the robot ${name}, which has no secret: see slipway robot bind.`)
  } else {
    const { expires } = given.flags
    await addSecret(io, name, expires, (robots, entry) => addTo(robots, name, [entry]))
  }
  await sayRights(io)
  io.say(io.seen)
}

/** `slipway robot rotate`. */
export const rotateRobot = async (
  io: StoreIo,
  given: Given & { readonly flags: { readonly keep: number } },
): Promise<void> => {
  const name = shortName(given)
  checkName('robot', name, robotNameFault)
  const { expires, keep } = given.flags
  await addSecret(io, name, expires, (robots, entry, at) => {
    const others = robots.get(name)
    if (others === undefined) throw noSuch('robot', name)
    robots.set(name, rotated(others, entry, at, at + keep))
  })
  if (keep) {
    io.say(`Earlier secrets expire by ${new Date(io.now() + keep).toISOString()}.`)
  }
  await sayRights(io)
  io.say(io.seen)
}

/** `slipway robot remove`. */
export const removeRobot = async (io: StoreIo, given: Named): Promise<void> => {
  const name = shortName(given)
  await editRobots(io, (robots) => {
    if (!robots.delete(name)) throw noSuch('robot', name)
  })
  await unbind(io, name)
  await leaveGroups(io, ROBOT_PREFIX + name)
  io.say(`Removed the robot ${name} and its secrets.`)
  io.say(io.seen)
}

/** A robot's secrets that are valid, each with the time when it ends. */
const currentSecrets = (secrets: readonly RobotSecret[], now: number): string[] =>
  secrets
    .filter((secret) => isCurrent(secret, now))
    .map(({ id, expires }) => `${id} until ${expires ?? 'removed'}`)

const NONE = 'all secrets have expired'

/** `slipway robot list`. */
export const listRobots = async ({ store, now, print }: StoreIo): Promise<void> => {
  const groups = await readGroups(store)
  const bindings = await readBindings(store)
  for (const [robot, secrets] of await readRobots(store)) {
    const shown = currentSecrets(secrets, now())
    if (shown.length === 0 && secrets.length > 0) shown.push(NONE)
    if (bindings.has(robot)) shown.push('tokens with its claims')
    if (shown.length === 0) shown.push('no secret')
    print(listLine(groups, ROBOT_PREFIX + robot, shown.join(', ')))
  }
}

/** `slipway robot show`. */
export const showRobot = async ({ store, now, print }: StoreIo, given: Named): Promise<void> => {
  const name = shortName(given)
  const secrets = (await readRobots(store)).get(name)
  if (secrets === undefined) throw noSuch('robot', name)
  const current = currentSecrets(secrets, now())
  const claims = (await readBindings(store)).get(name) ?? []
  const groups = groupsOf(await readGroups(store), ROBOT_PREFIX + name)
  for (const secret of current) print(`secret\t${secret}`)
  for (const claim of claims) print(`claim\t${claim}`)
  for (const group of groups) print(`group\t${group}`)
}
