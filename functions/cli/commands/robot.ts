/**
 * `slipway robot`: machines that log in with a secret.
 *
 * @module
 */

import { robotNameFault } from '../../auth/accounts/names.ts'
import {
  formatRobots,
  isCurrent,
  newSecret,
  parseRobots,
  type RobotSecret,
  rotated,
} from '../../auth/accounts/robots.ts'
import { editDocument, readDocument } from '../../auth/document.ts'
import { ROBOT_PREFIX, robotName } from '../../auth/identity.ts'
import { POLICY_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { checkName, leaveGroups, listLine, noSuch, readGroups } from '../accounts.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'

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

const editRobots = (
  store: ObjectStore,
  change: (robots: Map<string, readonly RobotSecret[]>) => void,
): Promise<boolean> =>
  editDocument(store, ROBOTS_KEY, (text) => {
    const robots = new Map(parseRobots(text))
    change(robots)
    return formatRobots(robots)
  })

/** Gives a robot a secret. @param keep milliseconds that earlier ones go on; none for a new robot */
const addSecret = async (
  { store, now, print, say, seen }: StoreIo,
  given: Given,
  keep?: number,
): Promise<void> => {
  const name = shortName(given)
  checkName('robot', name, robotNameFault)
  const at = now()
  const { secret, entry } = newSecret(at, given.flags.expires)
  await editRobots(store, (robots) => {
    const others = robots.get(name)
    if (others !== undefined && keep === undefined) {
      throw new CommandError(`there is a robot ${name} already: see slipway robot rotate`)
    }
    if (others === undefined && keep !== undefined) throw noSuch('robot', name)
    robots.set(name, rotated(others ?? [], entry, at, at + (keep ?? 0)))
  })
  print(secret)
  const ends = entry.expires === null ? 'never expires' : `expires on ${entry.expires}`
  say(`This secret is shown only now. It logs in as ${ROBOT_PREFIX}${name}, and ${ends}.`)
  if (keep) say(`Earlier secrets expire by ${new Date(at + keep).toISOString()}.`)
  if ((await readDocument(store, POLICY_KEY)) === undefined) {
    say('There is no policy, so it may do nothing: see slipway policy set.')
  }
  say(seen)
}

/** `slipway robot add`. */
export const addRobot = (io: StoreIo, given: Given): Promise<void> => addSecret(io, given)

/** `slipway robot rotate`. */
export const rotateRobot = (
  io: StoreIo,
  given: Given & { readonly flags: { readonly keep: number } },
): Promise<void> => addSecret(io, given, given.flags.keep)

/** `slipway robot remove`. */
export const removeRobot = async ({ store, say, seen }: StoreIo, given: Named): Promise<void> => {
  const name = shortName(given)
  await editRobots(store, (robots) => {
    if (!robots.delete(name)) throw noSuch('robot', name)
  })
  await leaveGroups(store, ROBOT_PREFIX + name)
  say(`Removed the robot ${name} and its secrets.`)
  say(seen)
}

/** `slipway robot list`. */
export const listRobots = async ({ store, now, print }: StoreIo): Promise<void> => {
  const groups = await readGroups(store)
  for (const [robot, secrets] of parseRobots(await readDocument(store, ROBOTS_KEY))) {
    const current = secrets.filter((secret) => isCurrent(secret, now()))
    const shown = current.map(({ id, expires }) => `${id} until ${expires ?? 'removed'}`)
    const ends = shown.length === 0 ? 'all secrets have expired' : shown.join(', ')
    print(listLine(groups, ROBOT_PREFIX + robot, ends))
  }
}
