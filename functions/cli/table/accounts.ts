/**
 * Commands on accounts.
 *
 * @module
 */

import type { Command } from '../command.ts'
import { lifetimeFlag, listFlag, spanFlag, switchFlag } from '../flags.ts'
import { accountsCommand } from '../ways/accounts.ts'

const PASSWORD = {
  'password-stdin': switchFlag('read the password from standard input instead of asking for it'),
} as const

const EXPIRES = { expires: lifetimeFlag('90d', 'how long the new secret is valid') } as const

/** `user`, `robot`, `group`. */
export const ACCOUNT_COMMANDS: readonly Command[] = [
  accountsCommand({
    name: 'user add',
    changes: true,
    help: 'add a user',
    args: { name: 'one' },
    flags: PASSWORD,
    load: async () => (await import('../commands/user.ts')).addUser,
  }),
  accountsCommand({
    name: 'user import',
    changes: true,
    help: 'add the users of an htpasswd file, such as that of registry:2; - is standard input',
    more: 'Users that are there keep their passwords. Without a policy, one is created that lets every account pull and push everything, as registry:2 does. It exits with 1 if lines were left out: only bcrypt (htpasswd -B) can be taken over.',
    args: { file: 'one' },
    flags: { 'pull-only': switchFlag('let them only pull, if a policy is created') },
    load: async () => (await import('../commands/user-import.ts')).importFile,
  }),
  accountsCommand({
    name: 'user passwd',
    changes: true,
    help: 'change the password of a user',
    args: { name: 'one' },
    flags: PASSWORD,
    load: async () => (await import('../commands/user.ts')).changePassword,
  }),
  accountsCommand({
    name: 'user remove',
    changes: true,
    help: 'remove a user, also from all groups',
    args: { name: 'one' },
    load: async () => (await import('../commands/user.ts')).removeUser,
  }),
  accountsCommand({
    name: 'user list',
    help: 'print each user with their groups',
    load: async () => (await import('../commands/user.ts')).listUsers,
  }),
  accountsCommand({
    name: 'robot add',
    changes: true,
    help: 'add a robot and print its secret, once',
    args: { name: 'one' },
    flags: {
      ...EXPIRES,
      'without-secret': switchFlag('make no secret: it logs in with tokens, see robot bind'),
    },
    load: async () => (await import('../commands/robot.ts')).addRobot,
  }),
  accountsCommand({
    name: 'robot rotate',
    changes: true,
    help: 'print a new secret, once; earlier ones stay valid for a while',
    args: { name: 'one' },
    flags: { ...EXPIRES, keep: spanFlag('1d', 'how long earlier secrets stay valid') },
    load: async () => (await import('../commands/robot.ts')).rotateRobot,
  }),
  accountsCommand({
    name: 'robot bind',
    changes: true,
    help: "let a robot log in with an issuer's tokens that have all of these claims",
    more: "As in: slipway robot bind ci --claim iss=https://token.actions.githubusercontent.com --claim repository_id=123456 --claim 'ref~refs/tags/v*'. Claims are written as in policies; iss names the issuer, which slipway issuers add trusts. A job then logs in as robot+ci, with its token for a password. What the robot was bound to before no longer counts.",
    args: { name: 'one' },
    flags: { claim: listFlag('CLAIM', 'what a token must say, NAME=VALUE; one flag for each') },
    load: async () => (await import('../commands/robot-claims.ts')).bindRobot,
  }),
  accountsCommand({
    name: 'robot unbind',
    changes: true,
    help: 'let no token log in as a robot any more',
    args: { name: 'one' },
    load: async () => (await import('../commands/robot-claims.ts')).unbindRobot,
  }),
  accountsCommand({
    name: 'robot remove',
    changes: true,
    help: 'remove a robot with its secrets, also from all groups',
    args: { name: 'one' },
    load: async () => (await import('../commands/robot.ts')).removeRobot,
  }),
  accountsCommand({
    name: 'robot list',
    help: 'print each robot with its secrets and groups',
    load: async () => (await import('../commands/robot.ts')).listRobots,
  }),
  accountsCommand({
    name: 'robot show',
    help: 'print the secrets of a robot, its groups and the claims that it is bound to',
    args: { name: 'one' },
    load: async () => (await import('../commands/robot.ts')).showRobot,
  }),
  accountsCommand({
    name: 'group add',
    changes: true,
    help: 'add users and robots (robot+<name>) to a group',
    args: { group: 'one', member: 'some' },
    load: async () => (await import('../commands/group.ts')).addToGroup,
  }),
  accountsCommand({
    name: 'group remove',
    changes: true,
    help: 'remove members from a group, or all of the group',
    args: { group: 'one', member: 'any' },
    load: async () => (await import('../commands/group.ts')).removeFromGroup,
  }),
  accountsCommand({
    name: 'group list',
    help: 'print each group with its members',
    load: async () => (await import('../commands/group.ts')).listGroups,
  }),
]
