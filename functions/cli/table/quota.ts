/**
 * Commands on quotas.
 *
 * @module
 */

import type { Command } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { quotasCommand } from '../ways/quotas.ts'

/** `quota`. */
export const QUOTA_COMMANDS: readonly Command[] = [
  quotasCommand({
    name: 'quota set',
    changes: true,
    help: 'check quotas and put them in force; - is standard input',
    args: { file: 'one' },
    load: async () => (await import('../commands/quota.ts')).setQuotas,
  }),
  quotasCommand({
    name: 'quota show',
    help: 'print the quotas that are in force',
    load: async () => (await import('../commands/quota.ts')).showQuotas,
  }),
  quotasCommand({
    name: 'quota list',
    help: 'say how much of each quota is used, its limits, and when it was last counted',
    flags: { json: switchFlag('print an object of JSON a line') },
    load: async () => (await import('../commands/quota.ts')).listQuotas,
  }),
]
