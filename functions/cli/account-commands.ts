/**
 * `slipway user`, `slipway robot` and `slipway group`.
 *
 * @module
 */

import { hashPassword, passwordFault } from '../auth/accounts/bcrypt.ts'
import {
  type Groups,
  groupsOf,
  parseGroups,
  withMembers,
  withoutGroup,
  withoutMembers,
} from '../auth/accounts/groups.ts'
import { parseHtpasswd, withoutUser, withUser } from '../auth/accounts/htpasswd.ts'
import {
  groupNameFault,
  ROBOT_PREFIX,
  robotName,
  robotNameFault,
  userNameFault,
} from '../auth/accounts/names.ts'
import {
  formatRobots,
  isCurrent,
  newSecret,
  parseRobots,
  type RobotSecret,
  rotated,
} from '../auth/accounts/robots.ts'
import { editDocument, readDocument } from '../auth/document.ts'
import { SettingsError } from '../compose/errors.ts'
import { GROUPS_KEY, HTPASSWD_KEY, POLICY_KEY, ROBOTS_KEY } from '../registry/layout.ts'
import { quoted } from '../shared/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type CommandContext, expectWords, readSpan, SEEN_WITHIN } from './command.ts'
import { STARTER_POLICY } from './policy-commands.ts'

/** Days that a robot's secret lives unless told otherwise. */
const SECRET_LIFE = '90d'
/** How long a robot's earlier secrets go on after a rotation, unless told otherwise. */
const OVERLAP = '1d'

type Flags = ReadonlyMap<string, string>

const checkName = (
  what: string,
  name: string,
  fault: (name: string) => string | undefined,
): string => {
  const wrong = fault(name)
  if (wrong === undefined) return name
  throw new SettingsError(`${quoted(name)} is no name of a ${what}: ${wrong}`)
}

const noSuch = (what: string, name: string): SettingsError =>
  new SettingsError(`there is no ${what} ${name}: see slipway ${what} list`)

const newHash = async ({ readPassword }: CommandContext, flags: Flags): Promise<string> => {
  const password = await readPassword(flags.has('password-stdin'))
  const wrong = passwordFault(password)
  if (wrong !== undefined) throw new SettingsError(`the password cannot be used: ${wrong}`)
  return hashPassword(password)
}

const readGroups = async (store: ObjectStore): Promise<Groups> =>
  parseGroups(await readDocument(store, GROUPS_KEY))

/** Takes an account out of all groups, so that a new one of the same name is in none. */
const leaveGroups = (store: ObjectStore, account: string): Promise<boolean> =>
  editDocument(store, GROUPS_KEY, (text) => {
    if (text === undefined || groupsOf(parseGroups(text), account).length === 0) return undefined
    return withoutMembers(text, [account])
  })

const listLine = (groups: Groups, account: string, ...more: readonly string[]): string =>
  [account, ...more, groupsOf(groups, account).join(',')].join('\t').trimEnd()

const setHash = async (
  context: CommandContext,
  name: string,
  flags: Flags,
  exists: boolean,
): Promise<void> => {
  const check = (text: string | undefined): void => {
    if (parseHtpasswd(text).has(name) === exists) return
    if (exists) throw noSuch('user', name)
    throw new SettingsError(`there is a user ${name} already: see slipway user passwd`)
  }
  // Before a password is asked for in vain, and again on what is then changed.
  check(await readDocument(context.store, HTPASSWD_KEY))
  const hash = await newHash(context, flags)
  await editDocument(context.store, HTPASSWD_KEY, (text) => {
    check(text)
    return withUser(text, name, hash)
  })
}

/** Writes the policy to start from, unless there is one. */
const startPolicy = async ({ store, say }: CommandContext): Promise<void> => {
  const written = await editDocument(store, POLICY_KEY, (text) =>
    text === undefined ? STARTER_POLICY : undefined,
  )
  if (!written) return
  say('There was no policy: now whoever logs in may do everything, and others nothing.')
  say('See slipway policy show, and slipway policy set.')
}

/** `slipway user add|passwd|remove|list`. */
export const userCommand = async (
  context: CommandContext,
  [verb, ...words]: readonly string[],
  flags: Flags,
): Promise<void> => {
  const { store, print, say } = context
  const name = words[0] ?? ''
  if (verb === 'add' || verb === 'passwd') {
    expectWords(`user ${verb} <name> [--password-stdin]`, words, 1)
    checkName('user', name, userNameFault)
    await setHash(context, name, flags, verb === 'passwd')
    say(verb === 'add' ? `Added the user ${name}.` : `Changed the password of ${name}.`)
    if (verb === 'add') await startPolicy(context)
    return say(SEEN_WITHIN)
  }
  if (verb === 'remove') {
    expectWords('user remove <name>', words, 1)
    await editDocument(store, HTPASSWD_KEY, (text) => {
      if (text === undefined || !parseHtpasswd(text).has(name)) throw noSuch('user', quoted(name))
      return withoutUser(text, name)
    })
    await leaveGroups(store, name)
    say(`Removed the user ${name}.`)
    return say(SEEN_WITHIN)
  }
  if (verb !== 'list') throw new SettingsError('usage: slipway user add|passwd|remove|list')
  expectWords('user list', words, 0)
  const users = parseHtpasswd(await readDocument(store, HTPASSWD_KEY))
  const groups = await readGroups(store)
  for (const user of users.keys()) print(listLine(groups, user))
}

const editRobots = (
  store: ObjectStore,
  change: (robots: Map<string, readonly RobotSecret[]>) => void,
): Promise<boolean> =>
  editDocument(store, ROBOTS_KEY, (text) => {
    const robots = new Map(parseRobots(text))
    change(robots)
    return formatRobots(robots)
  })

const addSecret = async (
  { store, now, print, say }: CommandContext,
  name: string,
  flags: Flags,
  exists: boolean,
): Promise<void> => {
  const life = flags.get('expires') ?? SECRET_LIFE
  const lifetime = life === 'never' ? null : readSpan('expires', life)
  if (lifetime === 0) throw new SettingsError('--expires is 0: the secret would never work')
  const overlap = readSpan('keep', flags.get('keep') ?? OVERLAP)
  const at = now()
  const { secret, entry } = newSecret(at, lifetime)
  await editRobots(store, (robots) => {
    if (robots.has(name) && !exists) {
      throw new SettingsError(`there is a robot ${name} already: see slipway robot rotate`)
    }
    const others = robots.get(name)
    if (others === undefined && exists) throw noSuch('robot', name)
    robots.set(name, rotated(others ?? [], entry, at, at + overlap))
  })
  print(secret)
  say(
    `This secret is shown only now. It logs in as ${ROBOT_PREFIX}${name}, and ends ${
      entry.expires === null ? 'never' : `on ${entry.expires}`
    }.`,
  )
  if (exists && overlap > 0) say(`Earlier secrets end by ${new Date(at + overlap).toISOString()}.`)
  if ((await readDocument(store, POLICY_KEY)) === undefined) {
    say('There is no policy, so it may do nothing: see slipway policy set.')
  }
  say(SEEN_WITHIN)
}

/** `slipway robot add|rotate|remove|list`. */
export const robotCommand = async (
  context: CommandContext,
  [verb, ...words]: readonly string[],
  flags: Flags,
): Promise<void> => {
  const { store, now, print, say } = context
  // Both the short name and the one it logs in with are understood.
  const name = robotName(words[0] ?? '') ?? words[0] ?? ''
  if (verb === 'add' || verb === 'rotate') {
    const keep = verb === 'rotate' ? ' [--keep 1d]' : ''
    expectWords(`robot ${verb} <name> [--expires 90d]${keep}`, words, 1)
    checkName('robot', name, robotNameFault)
    return addSecret(context, name, flags, verb === 'rotate')
  }
  if (verb === 'remove') {
    expectWords('robot remove <name>', words, 1)
    await editRobots(store, (robots) => {
      if (!robots.delete(name)) throw noSuch('robot', quoted(name))
    })
    await leaveGroups(store, ROBOT_PREFIX + name)
    say(`Removed the robot ${name} and its secrets.`)
    return say(SEEN_WITHIN)
  }
  if (verb !== 'list') throw new SettingsError('usage: slipway robot add|rotate|remove|list')
  expectWords('robot list', words, 0)
  const groups = await readGroups(store)
  for (const [robot, secrets] of parseRobots(await readDocument(store, ROBOTS_KEY))) {
    const current = secrets.filter((secret) => isCurrent(secret, now()))
    const shown = current.map(({ id, expires }) => `${id} until ${expires ?? 'removed'}`)
    const ends = shown.length === 0 ? 'no secret that has not ended' : shown.join(', ')
    print(listLine(groups, ROBOT_PREFIX + robot, ends))
  }
}

/** Says which members have no account: most likely they are misspelt. */
const sayStrangers = async (
  { store, say }: CommandContext,
  members: readonly string[],
): Promise<void> => {
  const users = parseHtpasswd(await readDocument(store, HTPASSWD_KEY))
  const robots = parseRobots(await readDocument(store, ROBOTS_KEY))
  for (const member of members) {
    const robot = robotName(member)
    const known = robot === undefined ? users.has(member) : robots.has(robot)
    if (!known) say(`There is no account ${member} so far.`)
  }
}

/** `slipway group add|remove|list`. */
export const groupCommand = async (
  context: CommandContext,
  [verb, ...words]: readonly string[],
): Promise<void> => {
  const { store, print, say } = context
  const [group = '', ...members] = words
  if (verb === 'add') {
    expectWords('group add <group> <member>...', words, 2, Number.POSITIVE_INFINITY)
    checkName('group', group, groupNameFault)
    for (const member of members) {
      const robot = robotName(member)
      if (robot === undefined) checkName('user', member, userNameFault)
      else checkName('robot', robot, robotNameFault)
    }
    await editDocument(store, GROUPS_KEY, (text) => withMembers(text, group, members))
    await sayStrangers(context, members)
    say(`${members.join(', ')} now in the group ${group}.`)
    return say(SEEN_WITHIN)
  }
  if (verb === 'remove') {
    expectWords('group remove <group> [<member>...]', words, 1, Number.POSITIVE_INFINITY)
    await editDocument(store, GROUPS_KEY, (text) => {
      const present = parseGroups(text).get(group)
      if (text === undefined || present === undefined) throw noSuch('group', quoted(group))
      const stranger = members.find((member) => !present.has(member))
      if (stranger !== undefined) {
        throw new SettingsError(`${quoted(stranger)} is not in the group ${group}`)
      }
      return members.length === 0 ? withoutGroup(text, group) : withoutMembers(text, members, group)
    })
    say(
      members.length === 0
        ? `Removed the group ${group}.`
        : `${members.join(', ')} no longer in the group ${group}.`,
    )
    return say(SEEN_WITHIN)
  }
  if (verb !== 'list') throw new SettingsError('usage: slipway group add|remove|list')
  expectWords('group list', words, 0)
  for (const [name, all] of await readGroups(store)) print([name, ...all].join('\t'))
}
