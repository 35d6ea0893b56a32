/**
 * Commands on upstreams.
 *
 * @module
 */

import { type Command, storeCommand } from '../command.ts'
import { documentCommand } from '../ways/documents.ts'

/** `upstreams`. */
export const UPSTREAM_COMMANDS: readonly Command[] = [
  storeCommand({
    name: 'upstreams check',
    help: 'check a list of registries whose images are had from here; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/upstreams.ts')).checkUpstreams,
  }),
  documentCommand({
    name: 'upstreams set',
    changes: true,
    help: 'check a list of registries whose images are had from here, and put it in force',
    more: 'docs/pull-through.md has what it says.',
    args: { file: 'one' },
    load: async () => (await import('../commands/upstreams.ts')).setUpstreams,
  }),
  documentCommand({
    name: 'upstreams show',
    help: 'print the registries whose images are had from here',
    load: async () => (await import('../commands/upstreams.ts')).showUpstreams,
  }),
]
