/**
 * Commands that serve a registry, or work on a whole one.
 *
 * @module
 */

import { ALL_SETTINGS } from '../../compose/setting-table.ts'
import { type Command, command, storeCommand } from '../command.ts'
import { choiceFlag, switchFlag, textFlag } from '../flags.ts'
import { deletesCommand } from '../ways/deletes.ts'
import { usageCommand } from '../ways/usage.ts'

/** Of all that is no account and no policy. */
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
    more: 'It may run beside pushes, and again: it only adds, and removes nothing. It exits with 1 where there are no repositories.',
    load: async () => (await import('../commands/reindex.ts')).rebuild,
  }),
  storeCommand({
    name: 'check',
    help: 'look through a whole store for what is damaged, missing or left over',
    more: 'It may run beside pushes. It exits with 0 when nothing is wrong or all was mended, 1 when something is wrong, 2 when it could not look, and 130 when it was stopped; then it says how to go on. docs/check.md says what each finding is and what mends it.',
    flags: {
      repair: switchFlag('mend what can be mended, and say what was done'),
      verify: switchFlag('read all data and compare it with its digests'),
      json: switchFlag('print an object of JSON a line'),
      from: textFlag('KEY', 'go on after this key, where another check was stopped'),
    },
    settings: ['index-children', 'gc-grace', 'undelete-days'],
    load: async () => (await import('../commands/check.ts')).check,
  }),
  deletesCommand({
    name: 'delete',
    help: 'delete a whole repository, which can be undone',
    more: 'It may run beside pushes: what is pushed afterwards begins the repository anew. Where it is stopped, the next clean-up goes on, or the same command. docs/delete.md has more.',
    args: { repository: 'one' },
    flags: {
      confirmed: switchFlag('do it without asking for the name again'),
      override: switchFlag('delete immutable tags, too'),
    },
    settings: ['undelete-days'],
    load: async () => (await import('../commands/delete.ts')).deleteRepository,
  }),
  deletesCommand({
    name: 'deleted',
    help: 'list the deletes in a repository, or without one those of whole repositories',
    more: 'The latest come first: when, who, what, and whether it is there now.',
    args: { repository: 'any' },
    flags: { json: switchFlag('print an object of JSON a line') },
    load: async () => (await import('../commands/undelete.ts')).listDeleted,
  }),
  deletesCommand({
    name: 'undelete',
    help: 'undo the last delete of a tag (REPO:TAG), a manifest (REPO@DIGEST) or all of REPO',
    more: 'It may run beside pushes: a tag that was set again meanwhile stays as it is. docs/delete.md has more.',
    args: { image: 'one' },
    load: async () => (await import('../commands/undelete.ts')).bringBack,
  }),
  storeCommand({
    name: 'gc',
    help: 'show what of a store is no longer needed; with --run, take it away',
    more: 'It may run beside pushes, once every registry on the store is of this version. What is not needed is condemned first, and goes in a later run, when the grace is over and nobody has needed it. It exits with 0 when it is done, 1 when it would take more than half of all, 2 when the store could not be read or written or nothing may clean up there, 3 while another run goes on, and 130 when it was stopped. docs/clean-up.md says what stays and why this is safe.',
    flags: {
      run: switchFlag('do what is shown without it'),
      force: switchFlag('do it although it is more than half of all'),
      closed: switchFlag(
        'nothing else writes to the store meanwhile: for services that lose writes',
      ),
      release: switchFlag(
        'make all that is condemned plain again and take the fence down, before an older version serves',
      ),
      json: switchFlag('print an object of JSON a line'),
    },
    settings: ['gc-grace', 'undelete-days'],
    load: async () => (await import('../commands/gc.ts')).gc,
  }),
  usageCommand({
    name: 'usage',
    help: 'show how many bytes repositories have, as the last clean-up found them',
    more: "Patterns are names of repositories with * and **; without one all are shown. Bytes are a repository's own, those that it shares with others, and of both those that are condemned and in their grace, and those that the next clean-up would take. It exits with 1 where no clean-up has looked through the store yet, 2 when the store could not be read, 3 when it was to look while a clean-up goes on, and 130 when it was stopped. docs/clean-up.md has more.",
    args: { pattern: 'any' },
    flags: {
      now: switchFlag('look through the whole store first, as slipway gc does without --run'),
      sort: choiceFlag(
        ['size', 'name'],
        'size',
        'what comes first: the largest, or names in order',
      ),
      json: switchFlag('print an object of JSON a line'),
    },
    settings: ['gc-grace', 'undelete-days'],
    load: async () => (await import('../commands/usage.ts')).showUsage,
  }),
  command({
    name: 'smoke',
    help: 'check a deployed registry for what clients need, by plain HTTP requests',
    more: 'It pushes some 130 MB, 100 MB more where uploads have a host of their own, and deletes the manifests and blobs afterwards; the name of the repository stays in the catalog, and some 60 MB in the blob pool. It exits with 1 when something that clients need does not hold; docs/aws.md says what each line is about.',
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
      'push-host': textFlag(
        'HOST',
        'the host that takes uploads (PushHost), which is checked, too',
        'where the registry sends docker',
      ),
      'put-1gb': switchFlag(
        'push 1 GB more in one PUT, as through the edge: it costs some cents and stays in the blob pool',
      ),
    },
    load: async () => (await import('../commands/smoke.ts')).smoke,
  }),
  command({
    name: 'push',
    help: 'push images to a registry: to Slipway on S3 in parts, straight to the store',
    more: 'An image is a directory with an OCI layout, an archive of docker save or podman save (- for standard input), or what a docker daemon calls it (DOCKER_HOST). The last word is the repository, HOST/NAME or HOST/NAME:TAG; without a tag each image keeps its own. Credentials are those of docker (config.json and its helpers). What is there is not sent, and a push that was broken off goes on where it was. docs/push.md has more.',
    args: { image: 'one', target: 'some' },
    flags: {
      'plain-http': switchFlag('no TLS; loopback does without by itself'),
      'mount-from': textFlag('NAME', 'a repository of the registry that may have the blobs'),
      json: switchFlag('print an object of JSON a line'),
    },
    load: async () => (await import('../commands/push.ts')).push,
  }),
  command({
    name: 'config import',
    help: 'print the configuration of distribution (registry:2) as a script that starts Slipway',
    more: 'It reads a file, - for standard input, or with --env the variables REGISTRY_… of this environment, or both: variables count more. What is not needed here, has no counterpart or is unknown is said, and secrets are not printed: the script asks for the variables that have them. It exits with 1 where something has no counterpart or is unknown. docs/from-registry-2.md has more.',
    args: { file: 'any' },
    flags: {
      env: switchFlag('read variables such as REGISTRY_HTTP_ADDR, too'),
      json: switchFlag('print one object of JSON'),
    },
    load: async () => (await import('../commands/config-import.ts')).importConfig,
  }),
  command({
    name: 'proxy',
    help: 'stand for a registry on loopback, and send on what docker or podman pushes there',
    more: 'What is pushed goes to the registry as slipway push sends it. It listens on loopback alone. Requests keep the credentials that they come with; those without get the ones that docker has for the registry (config.json and its helpers). Layers are kept in files below TMPDIR until they are sent.',
    settings: ['listen'],
    flags: { to: textFlag('URL', "the registry's address, as in https://registry.example") },
    load: async () => (await import('../commands/proxy.ts')).proxy,
  }),
]
