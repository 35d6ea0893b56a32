/**
 * Commands on the rules on tags.
 *
 * @module
 */

import { type Command, command, storeCommand } from '../command.ts'
import { switchFlag, textFlag } from '../flags.ts'
import { documentCommand } from '../ways/documents.ts'

/** `retention`. */
export const RETENTION_COMMANDS: readonly Command[] = [
  storeCommand({
    name: 'retention check',
    help: 'check the rules on tags; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/retention.ts')).checkRetention,
  }),
  documentCommand({
    name: 'retention set',
    changes: true,
    help: 'check the rules on tags and put them in force',
    args: { file: 'one' },
    load: async () => (await import('../commands/retention.ts')).setRetention,
  }),
  documentCommand({
    name: 'retention show',
    help: 'print the rules on tags that are in force',
    load: async () => (await import('../commands/retention.ts')).showRetention,
  }),
  storeCommand({
    name: 'retention preview',
    help: 'say what would go by the rules, in all repositories or in some, and which rule decided',
    more: 'A line for each tag or manifest that a rule would remove, and for what another rule keeps: goes or stays, what, its digest, the bytes that the manifest holds alone, and the rule that decided; then how many bytes come free, and when. It changes nothing.',
    args: { repository: 'any' },
    flags: {
      file: textFlag('FILE', 'rules to try, instead of those in force'),
      json: switchFlag('print an object of JSON a line'),
    },
    settings: ['gc-grace', 'undelete-days'],
    load: async () => (await import('../commands/retention.ts')).previewRetention,
  }),
  command({
    name: 'retention import',
    help: 'print the policy of another registry as rules; the first word says which: ecr, harbor or zot',
    args: { kind: 'one', file: 'one' },
    words: { kind: ['ecr', 'harbor', 'zot'] },
    flags: {
      repositories: textFlag(
        'PATTERNS',
        'repositories that it is for, divided by commas; for harbor a project: team/**',
        '**',
      ),
    },
    load: async () => (await import('../commands/retention.ts')).importRules,
  }),
]
