/**
 * Robots, as an administrator changes them.
 *
 * @module
 */

import { ROBOTS_KEY } from '../../../registry/layout.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import { type Edit, readDocument } from '../../document.ts'
import { ROBOT_PREFIX, robotName } from '../../identity.ts'
import { robotNameFault } from '../names.ts'
import { formatRobots, parseRobots, type RobotSecret, type Robots, rotated } from '../robots.ts'
import { unbind } from './claims.ts'
import { absent, checkName, present } from './errors.ts'
import { leaveGroups } from './groups.ts'

/** Milliseconds that a new secret is valid for, unless something else is asked for. */
export const SECRET_LIFE = 90 * 24 * 60 * 60 * 1000

/** The short name: the one that it logs in with is understood, too. */
export const shortName = (name: string): string => robotName(name) ?? name

/** Reads all robots. @throws DocumentError, StoreError */
export const readRobots = async (store: ObjectStore): Promise<Robots> =>
  parseRobots(await readDocument(store, ROBOTS_KEY))

const editRobots = (
  edit: Edit,
  change: (robots: Map<string, readonly RobotSecret[]>) => void,
): Promise<boolean> =>
  edit(ROBOTS_KEY, (text) => {
    const robots = new Map(parseRobots(text))
    change(robots)
    return formatRobots(robots)
  })

/** Adds a robot with these secrets. @throws AccountError INVALID, PRESENT */
export const addRobot = async (
  store: ObjectStore,
  edit: Edit,
  name: string,
  secrets: readonly RobotSecret[],
): Promise<void> => {
  checkName('robot', name, robotNameFault)
  // Before it is there. An older version has perhaps removed one of the name, and left what it was bound to.
  if (!(await readRobots(store)).has(name)) await unbind(edit, name)
  await editRobots(edit, (robots) => {
    if (robots.has(name)) throw present('robot', name)
    robots.set(name, secrets)
  })
}

/**
 * Gives a robot one more secret.
 *
 * @param at now, in milliseconds
 * @param keep milliseconds for which its other secrets stay valid at most
 * @throws AccountError INVALID, ABSENT
 */
export const rotateRobot = async (
  edit: Edit,
  name: string,
  entry: RobotSecret,
  at: number,
  keep: number,
): Promise<void> => {
  checkName('robot', name, robotNameFault)
  await editRobots(edit, (robots) => {
    const others = robots.get(name)
    if (others === undefined) throw absent('robot', name)
    robots.set(name, rotated(others, entry, at, at + keep))
  })
}

/**
 * Removes a robot with its secrets and claims, also from all groups. What a removal that has died has left is removed
 * by the next.
 *
 * @throws AccountError ABSENT
 */
export const removeRobot = async (edit: Edit, name: string): Promise<void> => {
  const removed = await edit(ROBOTS_KEY, (text) => {
    const robots = new Map(parseRobots(text))
    return robots.delete(name) ? formatRobots(robots) : undefined
  })
  const unbound = await unbind(edit, name)
  const left = await leaveGroups(edit, ROBOT_PREFIX + name)
  if (!removed && !unbound && !left) throw absent('robot', name)
}
