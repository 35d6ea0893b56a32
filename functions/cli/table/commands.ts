/**
 * All commands, in the order of `slipway --help`. To add one: an entry here or in one of the tables
 * beside this, a file in commands/ that its `load` names, and a line in examples.ts.
 *
 * @module
 */

import { type Command, command } from '../command.ts'
import type { Groups } from '../help.ts'
import { ACCESS_COMMANDS } from './access.ts'
import { ACCOUNT_COMMANDS } from './accounts.ts'
import { COPY_COMMANDS } from './copies.ts'
import { EVENT_COMMANDS } from './events.ts'
import { HOST_COMMANDS } from './host.ts'
import { IMAGE_COMMANDS } from './images.ts'
import { QUOTA_COMMANDS } from './quota.ts'
import { RETENTION_COMMANDS } from './retention.ts'
import { UPSTREAM_COMMANDS } from './upstreams.ts'

/** Every command. */
export const COMMANDS: readonly Command[] = [
  ...HOST_COMMANDS,
  ...IMAGE_COMMANDS,
  ...COPY_COMMANDS,
  ...ACCOUNT_COMMANDS,
  ...ACCESS_COMMANDS,
  ...RETENTION_COMMANDS,
  ...EVENT_COMMANDS,
  ...QUOTA_COMMANDS,
  ...UPSTREAM_COMMANDS,
  command({
    name: 'completion',
    help: 'print what bash or zsh needs to complete commands, flags and their values',
    more: 'For this shell: source <(slipway completion bash). For all, in ~/.bashrc the same line; for zsh, save it as _slipway in a directory of fpath, or have the line after compinit in ~/.zshrc. It completes the command slipway, as npm install --global or an alias has it.',
    args: { shell: 'one' },
    words: { shell: ['bash', 'zsh'] },
    load: async () => {
      const { completionFor } = await import('../commands/completion.ts')
      return completionFor(COMMANDS, GROUPS)
    },
  }),
]

/** What the commands are about that begin with the same word. */
export const GROUPS: Groups = {
  config: 'settings of another registry',
  repo: 'repositories',
  tag: 'tags of repositories',
  image: 'what a tag or a digest names',
  user: 'people who log in',
  robot: 'machines, as robot+<name>',
  group: 'users and robots that a policy names together',
  policy: 'who may do what',
  issuers: 'others whose tokens are accepted, such as OIDC providers',
  retention: 'which tags are immutable, and which go with age',
  events: 'who is told of what happens',
  quota: 'how many bytes repositories may have',
  upstreams: 'other registries, whose images are had from here',
  keys: 'keys in the store that tokens are signed with',
}
