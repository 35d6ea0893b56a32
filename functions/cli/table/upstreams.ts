/**
 * Commands on upstreams.
 *
 * @module
 */

import { type Command, storeCommand } from '../command.ts'
import { switchFlag } from '../flags.ts'
import { documentCommand } from '../ways/documents.ts'
import { upstreamsCommand } from '../ways/upstreams.ts'

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
  upstreamsCommand({
    name: 'upstreams refresh',
    help: 'ask upstreams now for REPO:TAG, REPO@DIGEST, or the tags here of REPO or a pattern',
    more: 'On a store, this process asks, with the credentials that its own environment has. Exits with 1 where an upstream did not say.',
    args: { image: 'one' },
    load: async () => (await import('../commands/upstreams-kept.ts')).refreshUpstreams,
  }),
  upstreamsCommand({
    name: 'upstreams purge',
    help: 'delete repositories that come from upstreams, by a pattern',
    more: 'Without --confirmed it lists them, and changes nothing. It may run beside pulls: what is pulled afterwards is fetched anew.',
    args: { pattern: 'one' },
    flags: {
      confirmed: switchFlag('do it'),
      override: switchFlag('delete immutable tags, too'),
    },
    settings: ['undelete-days'],
    load: async () => (await import('../commands/upstreams-kept.ts')).purgeUpstreams,
  }),
]
