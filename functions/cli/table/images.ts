/**
 * Commands on what is stored.
 *
 * @module
 */

import type { Command } from '../command.ts'
import { switchFlag, textFlag } from '../flags.ts'
import { imagesCommand } from '../ways/images.ts'

const JSON_LINES = switchFlag('print an object of JSON a line')

/** Of commands that delete. */
const DELETES = {
  yes: switchFlag('do it without asking'),
  override: switchFlag('delete immutable tags, too'),
} as const

const PLATFORM = textFlag(
  'PLATFORM',
  'of an index the image for this platform, as in linux/arm64',
  'the index itself',
)

/** `repo`, `tag`, `image`. */
export const IMAGE_COMMANDS: readonly Command[] = [
  imagesCommand({
    name: 'repo list',
    help: 'list repositories, with their bytes where a clean-up has counted them',
    more: 'Patterns are names of repositories with * and **; without one all are listed. docs/images.md has more.',
    args: { pattern: 'any' },
    flags: { json: JSON_LINES },
    load: async () => (await import('../commands/repo.ts')).listRepositories,
  }),
  imagesCommand({
    name: 'repo show',
    help: 'show how many tags a repository has, and its bytes as the last clean-up found them',
    args: { repository: 'one' },
    flags: { json: JSON_LINES },
    load: async () => (await import('../commands/repo.ts')).showRepository,
  }),
  imagesCommand({
    name: 'repo delete',
    help: 'delete a whole repository, which can be undone',
    more: 'It shows what goes, and asks. Where nobody can be asked, only --yes deletes. docs/delete.md has more.',
    args: { repository: 'one' },
    flags: DELETES,
    settings: ['undelete-days'],
    load: async () => (await import('../commands/repo.ts')).deleteRepository,
  }),
  imagesCommand({
    name: 'tag list',
    help: 'list the tags of a repository, with what they point at',
    args: { repository: 'one' },
    flags: { json: JSON_LINES },
    load: async () => (await import('../commands/tag.ts')).listTags,
  }),
  imagesCommand({
    name: 'tag move',
    help: 'have a tag (REPO:TAG) point at another tag or a digest of its repository; or make it',
    more: 'With --from it only moves if it points at that digest now, even when others move it at the same moment. An immutable tag does not move without --override.',
    args: { tag: 'one', target: 'one' },
    flags: {
      from: textFlag('DIGEST', 'what it must point at now; none: nothing', 'whatever it does'),
      override: switchFlag('move it although it is immutable'),
      json: JSON_LINES,
    },
    settings: ['index-children', 'undelete-days'],
    load: async () => (await import('../commands/tag.ts')).moveTag,
  }),
  imagesCommand({
    name: 'tag delete',
    help: 'delete tags (REPO:TAG); what they point at stays',
    more: 'It shows what goes, and asks. Where nobody can be asked, only --yes deletes. slipway undelete brings a tag back.',
    args: { tag: 'some' },
    flags: { ...DELETES, json: JSON_LINES },
    settings: ['undelete-days'],
    load: async () => (await import('../commands/tag.ts')).deleteTags,
  }),
  imagesCommand({
    name: 'image inspect',
    help: 'show an image (REPO:TAG, REPO@DIGEST): its config, blobs, annotations and referrers',
    args: { image: 'one' },
    flags: {
      platform: PLATFORM,
      raw: switchFlag('print the manifest alone, byte for byte'),
      json: JSON_LINES,
    },
    load: async () => (await import('../commands/image.ts')).inspectImage,
  }),
  imagesCommand({
    name: 'image tree',
    help: 'show an image as a tree: index, manifests, configs, layers, and what refers to them',
    args: { image: 'one' },
    flags: { json: JSON_LINES },
    load: async () => (await import('../commands/image.ts')).showTree,
  }),
  imagesCommand({
    name: 'image diff',
    help: 'compare two images: layers that they share or not, and what differs in their configs',
    more: 'Of two indexes, the images of each platform are compared. It exits with 0 whether they differ or not.',
    args: { first: 'one', second: 'one' },
    flags: { platform: PLATFORM, json: JSON_LINES },
    load: async () => (await import('../commands/image-diff.ts')).diffImages,
  }),
]
