/**
 * Commands on the rules on tags.
 *
 * @module
 */

import { type Command, storeCommand } from '../command.ts'

/** `retention`. */
export const RETENTION_COMMANDS: readonly Command[] = [
  storeCommand({
    name: 'retention check',
    help: 'check the rules on tags; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/retention.ts')).checkRetention,
  }),
  storeCommand({
    name: 'retention set',
    help: 'check the rules on tags and put them in force',
    args: { file: 'one' },
    load: async () => (await import('../commands/retention.ts')).setRetention,
  }),
  storeCommand({
    name: 'retention show',
    help: 'print the rules on tags that are in force',
    load: async () => (await import('../commands/retention.ts')).showRetention,
  }),
]
