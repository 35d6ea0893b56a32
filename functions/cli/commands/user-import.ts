/**
 * `slipway user import`: the users of another registry, with their passwords.
 *
 * @module
 */

import { readHtpasswd } from '../../auth/accounts/htpasswd.ts'
import { quoted } from '../../shared/errors.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
  readonly flags: { readonly 'pull-only': boolean }
}

/** The policy that is written with imported users, unless there is one. */
const policyOf = (actions: string, why: string): string => `# ${why}
# The first rule that matches caller, repository and action decides; without one it is denied.
version: 1
rules:
  - who: [authenticated]
    repositories: ['**']
    actions: [${actions}]
`

const LIKE_DISTRIBUTION = policyOf(
  'pull, push',
  'Written by slipway user import: as with registry:2, every account may pull and push everything.',
)
const PULL_ONLY = policyOf(
  'pull',
  'Written by slipway user import --pull-only: every account may pull everything.',
)

const sayPolicy = async (io: AccountsIo, pullOnly: boolean): Promise<void> => {
  const { say } = io
  if (!(await io.startPolicy(pullOnly ? PULL_ONLY : LIKE_DISTRIBUTION))) {
    const without = pullOnly ? ', and --pull-only changed nothing' : ''
    say(`There is a policy, which decides what they may do${without}: see slipway policy show.`)
    return
  }
  const may = pullOnly ? 'pull everything' : 'pull and push everything, as with registry:2'
  say(`There was no policy. The one now created lets every account ${may}, and others nothing.`)
  say('See slipway policy show, and slipway policy set.')
}

const users = (count: number): string => `${count} ${count === 1 ? 'user' : 'users'}`

/**
 * Adds the users of an htpasswd file. Those that exist keep their passwords, and a policy that exists
 * stays.
 *
 * @returns 1 if some of the file was left out
 * @throws DocumentError for a file without a line that can be used
 */
export const importFile = async (
  io: AccountsIo,
  { args: { file }, flags }: Given,
): Promise<number> => {
  const text = await io.readFile(file)
  const found = readHtpasswd(text)
  const { added, kept } = await io.importUsers(text, found.users)
  for (const fault of found.faults) io.say(`Left out: ${fault}`)
  for (const name of kept) {
    io.say(`Left out: ${quoted(name)} is here with another password: see slipway user passwd`)
  }
  const there = found.users.size - added.length - kept.length
  io.say(`Added ${users(added.length)}${there > 0 ? `; ${there} were here already` : ''}.`)
  await sayPolicy(io, flags['pull-only'])
  io.say(io.seen)
  return found.faults.length + kept.length > 0 ? 1 : 0
}
