/**
 * Commands that move images.
 *
 * @module
 */

import { STORE_SETTINGS } from '../../compose/setting-table.ts'
import { type Command, command } from '../command.ts'
import { listFlag, switchFlag } from '../flags.ts'

/** `copy`. */
export const COPY_COMMANDS: readonly Command[] = [
  command({
    name: 'copy',
    help: 'copy images from a registry to another, or to and from the store',
    more: 'An image is HOST/NAME, HOST/NAME:TAG or HOST/NAME@DIGEST, and store:NAME:TAG in the store of the settings. What is there already is not sent again, so the same command goes on where it was stopped. Credentials are those of docker (config.json and its helpers). As in: slipway copy docker.io/library/alpine:3.20 registry.example/alpine:3.20 --platform linux/amd64. docs/copy.md has more.',
    args: { source: 'one', target: 'some' },
    settings: STORE_SETTINGS,
    flags: {
      'all-tags': switchFlag('every tag of the repository'),
      referrers: switchFlag('with what refers to the images: signatures, SBOMs, attestations'),
      platform: listFlag(
        'OS/ARCH',
        'only this platform of an index, as linux/arm64; one flag for each',
      ),
      'plain-http': switchFlag('no TLS; loopback does without by itself'),
      json: switchFlag('print an object of JSON a line'),
    },
    load: async () => (await import('../commands/copy.ts')).copy,
  }),
]
