/**
 * `slipway robot`: machines that log in with a secret.
 *
 * @module
 */

import { groupsOf } from '../../auth/accounts/accounts.ts'
import { readBindings } from '../../auth/accounts/administer/claims.ts'
import { absent } from '../../auth/accounts/administer/errors.ts'
import { readGroups } from '../../auth/accounts/administer/groups.ts'
import { shortName } from '../../auth/accounts/administer/robots.ts'
import { isCurrent, type RobotSecret } from '../../auth/accounts/robots.ts'
import { ROBOT_PREFIX } from '../../auth/identity.ts'
import { listLine, onAccounts } from '../accounts.ts'
import type { AccountsIo, NewSecret } from '../ways/accounts-io.ts'

const HELP = { absent: 'robot list', present: 'robot rotate' } as const

/** A robot by its name. */
interface Named {
  readonly args: { readonly name: string }
}

/** A robot, and how long its new secret lives in milliseconds; null is for ever. */
interface Given extends Named {
  readonly flags: { readonly expires: number | null }
}

/** Says what a robot cannot do yet. */
const sayRights = async (io: AccountsIo): Promise<void> => {
  if (!(await io.hasPolicy())) {
    io.say('There is no policy, so it may do nothing: see slipway policy set.')
  }
}

/** Prints a secret, once it is a robot's. */
const printSecret = (io: AccountsIo, name: string, { secret, expires }: NewSecret): void => {
  io.print(secret)
  const ends = expires === null ? 'never expires' : `expires on ${expires}`
  io.say(`This secret is shown only now. It logs in as ${ROBOT_PREFIX}${name}, and ${ends}.`)
}

/** `slipway robot add`. */
export const addRobot = async (
  io: AccountsIo,
  { args, flags }: Given & { readonly flags: { readonly 'without-secret': boolean } },
): Promise<void> => {
  const name = shortName(args.name)
  const life = flags['without-secret'] ? undefined : flags.expires
  const made = await onAccounts(HELP, () => io.addRobot(name, life))
  if (made !== undefined) printSecret(io, name, made)
  else io.say(`Added the robot ${name}, which has no secret: see slipway robot bind.`)
  await sayRights(io)
  io.say(io.seen)
}

/** `slipway robot rotate`. */
export const rotateRobot = async (
  io: AccountsIo,
  { args, flags: { expires, keep } }: Given & { readonly flags: { readonly keep: number } },
): Promise<void> => {
  const name = shortName(args.name)
  printSecret(io, name, await onAccounts(HELP, () => io.rotateRobot(name, expires, keep)))
  if (keep) {
    io.say(`Earlier secrets expire by ${new Date(io.now() + keep).toISOString()}.`)
  }
  await sayRights(io)
  io.say(io.seen)
}

/** `slipway robot remove`. */
export const removeRobot = async (io: AccountsIo, { args }: Named): Promise<void> => {
  const name = shortName(args.name)
  await onAccounts(HELP, () => io.removeRobot(name))
  io.say(`Removed the robot ${name} and its secrets.`)
  io.say(io.seen)
}

/** A robot's secrets that are valid, each with the time when it ends. */
const currentSecrets = (
  secrets: readonly Pick<RobotSecret, 'id' | 'expires'>[],
  now: number,
): string[] =>
  secrets
    .filter((secret) => isCurrent(secret, now))
    .map(({ id, expires }) => `${id} until ${expires ?? 'removed'}`)

const NONE = 'all secrets have expired'

/** `slipway robot list`. */
export const listRobots = async ({ store, now, print, robots }: AccountsIo): Promise<void> => {
  const groups = await readGroups(store)
  const bindings = await readBindings(store)
  for (const [robot, secrets] of await robots()) {
    const shown = currentSecrets(secrets, now())
    if (shown.length === 0 && secrets.length > 0) shown.push(NONE)
    if (bindings.has(robot)) shown.push('tokens with its claims')
    if (shown.length === 0) shown.push('no secret')
    print(listLine(groups, ROBOT_PREFIX + robot, shown.join(', ')))
  }
}

/** `slipway robot show`. */
export const showRobot = async (
  { store, now, print, robots }: AccountsIo,
  { args }: Named,
): Promise<void> => {
  const name = shortName(args.name)
  const secrets = await onAccounts(HELP, async () => {
    const found = (await robots()).get(name)
    if (found === undefined) throw absent('robot', name)
    return found
  })
  const current = currentSecrets(secrets, now())
  const claims = (await readBindings(store)).get(name) ?? []
  const groups = groupsOf(await readGroups(store), ROBOT_PREFIX + name)
  for (const secret of current) print(`secret\t${secret}`)
  for (const claim of claims) print(`claim\t${claim}`)
  for (const group of groups) print(`group\t${group}`)
}
