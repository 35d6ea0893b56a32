/**
 * Commands that serve a registry, or work on a whole one.
 *
 * @module
 */

import { ALL_SETTINGS } from '../../compose/setting-table.ts'
import { type Command, command, storeCommand } from '../command.ts'
import { textFlag } from '../flags.ts'

/** `serve`, `reindex`, `smoke`. */
export const HOST_COMMANDS: readonly Command[] = [
  command({
    name: 'serve',
    help: 'serve the registry',
    settings: ALL_SETTINGS,
    load: async () => (await import('../commands/serve.ts')).serve,
  }),
  storeCommand({
    name: 'reindex',
    help: 'list the repositories and referrers of a store that distribution (registry:2) has filled',
    more: 'It may run beside pushes, and again: it only adds.',
    load: async () => (await import('../commands/reindex.ts')).rebuild,
  }),
  command({
    name: 'smoke',
    help: 'check a deployed registry for what clients need, by plain HTTP requests',
    more: 'It pushes some 30 MB and deletes them afterwards. It exits with 1 when something that clients need does not hold; docs/aws.md says what each line is about.',
    args: { address: 'one' },
    flags: {
      user: textFlag(
        'NAME',
        'who logs in; the password is in SLIPWAY_PASSWORD, or all of standard input',
      ),
      repository: textFlag(
        'NAME',
        'where to push to, and to delete from afterwards',
        'smoke/<random>',
      ),
    },
    load: async () => (await import('../commands/smoke.ts')).smoke,
  }),
]
