/**
 * Commands that move images.
 *
 * @module
 */

import { STORE_SETTINGS } from '../../compose/setting-table.ts'
import { type Command, command } from '../command.ts'
import { countFlag, listFlag, switchFlag, textFlag } from '../flags.ts'
import { copiesCommand } from '../ways/copies.ts'

const JSON_LINES = switchFlag('print an object of JSON a line')

const PLATFORM = listFlag(
  'OS/ARCH',
  'only this platform of an index, as linux/arm64; one flag for each',
)

/** `copy`, `mirror`, `export`, `import`. */
export const COPY_COMMANDS: readonly Command[] = [
  command({
    name: 'copy',
    help: 'copy images from a registry to another, or to and from the store',
    more: 'An image is HOST/NAME, HOST/NAME:TAG or HOST/NAME@DIGEST, and store:NAME:TAG in the store of the settings. What is there already is not sent again, so the same command goes on where it was stopped. Credentials are those of docker (config.json and its helpers). As in: slipway copy docker.io/library/alpine:3.20 registry.example/alpine:3.20 --platform linux/amd64. docs/copy.md has more.',
    args: { source: 'one', target: 'some' },
    settings: [...STORE_SETTINGS, 'index-children'],
    flags: {
      'all-tags': switchFlag('every tag of the repository'),
      referrers: switchFlag('with what refers to the images: signatures, SBOMs, attestations'),
      platform: PLATFORM,
      'plain-http': switchFlag('no TLS; loopback does without by itself'),
      json: JSON_LINES,
    },
    load: async () => (await import('../commands/copy.ts')).copy,
  }),
  command({
    name: 'mirror',
    help: 'keep repositories in step with those of other registries, by a document of rules',
    more: 'One run of each rule, unless --watch is given. What is there is not sent again. An image that fails does not keep others from being copied; the exit code then is 1. docs/mirror.md has what the document says.',
    args: { file: 'one' },
    settings: [...STORE_SETTINGS, 'index-children', 'undelete-days'],
    flags: {
      watch: switchFlag('go on, by the schedules of the rules, until SIGTERM'),
      status: switchFlag('print the last run of each rule, and run none; 1 where one failed'),
      rule: listFlag('NAME', 'only this rule; one flag for each'),
      state: textFlag(
        'FILE',
        'where it is kept what became of runs; store: an object of the store',
        '<file>.state',
      ),
      'max-deletes': countFlag(
        '100, and a quarter of the tags',
        'most tags that a run of a rule deletes; where more are gone, it deletes none',
      ),
      json: JSON_LINES,
    },
    load: async () => (await import('../commands/mirror.ts')).mirror,
  }),
  copiesCommand({
    name: 'export',
    help: 'write images to an OCI layout: a directory, or an archive (FILE.tar)',
    more: 'An image is REPO:TAG or REPO@DIGEST; a repository without a tag is exported with all its tags. What refers to the images comes along. docker load reads the archives, too. A directory may have a layout already: then images are added. What is there is not written again, so the same command goes on where it was stopped. As in: slipway export team/app:1.0 team/web app.tar. docs/copy.md has more.',
    args: { image: 'one', target: 'some' },
    settings: ['index-children'],
    flags: { platform: PLATFORM, json: JSON_LINES },
    load: async () => (await import('../commands/export.ts')).exportImages,
  }),
  copiesCommand({
    name: 'import',
    help: 'push the images of an OCI layout or of docker save; - is standard input',
    more: 'Without a repository (REPO or REPO:TAG), each image goes to the one that it was exported or saved from. What refers to the images comes along. What is there is not sent again. As in: slipway import app.tar team/app. docs/copy.md has more.',
    args: { file: 'one', repository: 'any' },
    settings: ['index-children'],
    flags: { json: JSON_LINES },
    load: async () => (await import('../commands/import.ts')).importImages,
  }),
]
