/**
 * Every operation that writes: of the API, of the command line, and what servers do by themselves; and the states
 * in which a clean-up beside it can matter. coverage.slow.ts compares it with the code.
 *
 * @module
 */
import { OCI_INDEX } from '../../../../functions/registry/media-types.ts'
import {
  BLOB,
  collector,
  deleteBlob,
  deleteManifest,
  IMAGE,
  inTurn,
  look,
  mount,
  pull,
  pushManifest,
  session,
  sweeper,
  upload,
} from '../actors.ts'
import type { Actor } from '../run.ts'
import type { StateName } from '../states.ts'
import {
  dryRun,
  expire,
  indexAnew,
  recordPull,
  releaseAll,
  repair,
  undeleteManifest,
  undeleteTag,
  wholeRun,
} from './administration.ts'
import {
  asOnePart,
  cancel,
  cancelParts,
  deleteSha512 as deleteBlobSha512,
  inOnePut,
  inPatches,
  inTwoParts,
  LARGE,
  mountSha512,
  withoutLength,
} from './blobs.ts'
import { fetchByDigest, fetchByTag, fillBlob, pullThrough, purge, pushThrough } from './fetches.ts'
import {
  CACHE,
  deleteReferrer,
  deleteSha512,
  deleteTag,
  FALLBACK,
  FALLBACK_TAG,
  LIST,
  NESTED,
  OTHER,
  pullReferrers,
  pushSha512,
  put,
  SIGNATURE,
} from './manifests.ts'
import { deleteForGood, deleteWhole, undoWhole } from './whole.ts'

/** An operation, and where it meets clean-ups. */
export interface Operation {
  readonly actor: Actor
  readonly states: readonly StateName[]
  /** Has 12 MiB written in each order: fewer orders are tried. */
  readonly large?: true
}

const BLOBS: readonly StateName[] = ['a condemned link', 'condemned data', 'data that is gone']
const LARGES: readonly StateName[] = [
  'condemned large data',
  'claimed large data',
  'large data that is gone',
]
const TWOFOLD: readonly StateName[] = [
  'links under two digests',
  'condemned links under two digests',
  'condemned data',
]
const MANIFESTS: readonly StateName[] = [
  'a condemned link',
  'condemned data of a manifest',
  'a manifest that was just deleted',
]
const TAGS: readonly StateName[] = [
  'an old tag',
  'a deleted tag',
  'a tag with a past',
  'a damaged tag',
]
const DELETED: readonly StateName[] = [
  'a deleted manifest',
  'a deleted manifest that a tag says',
  'a manifest that was just deleted',
]
const LITTER: readonly StateName[] = ['litter', 'condemned litter']
const REFERRERS: readonly StateName[] = ['an image and what refers to it', ...LITTER]

const of = (states: readonly StateName[], ...actors: readonly Actor[]): readonly Operation[] =>
  actors.map((actor) => ({ actor, states }))

const large = (...actors: readonly Actor[]): readonly Operation[] =>
  actors.map((actor) => ({ actor, states: LARGES, large: true }))

export const OPERATIONS: readonly Operation[] = [
  ...of(
    BLOBS,
    upload('app'),
    inOnePut('upload by POST and PUT', BLOB),
    inPatches('upload by one PATCH', BLOB, 1),
    inPatches('upload in one chunk', BLOB, 1, true),
    inPatches('upload in chunks', BLOB, 3),
    asOnePart,
    inTwoParts,
    mount('other', 'app'),
    mount('other', undefined),
    look('app'),
    session('app'),
    cancel('cancel an upload', BLOB),
    cancelParts,
    deleteBlob('app'),
  ),
  ...large(
    inOnePut('upload of many bytes', LARGE),
    withoutLength('upload of many bytes without a length', LARGE),
    inPatches('upload of many bytes by PATCH', LARGE, 1),
    cancel('cancel an upload of many bytes', LARGE),
  ),
  ...of(
    TWOFOLD,
    inOnePut('upload by sha512', BLOB, BLOB.sha512),
    mountSha512('app'),
    mountSha512(undefined),
    deleteBlobSha512,
  ),
  ...of(
    [...MANIFESTS, ...TAGS],
    pushManifest('app'),
    pushManifest('app', 'v1'),
    put({ title: 'move of the tag', to: 'v1', content: OTHER }),
    put({
      title: 'move of the tag if it is there',
      to: 'v1',
      content: OTHER,
      headers: { 'If-Match': `"${IMAGE.sha256}"` },
    }),
    put({
      title: 'push of a tag if there is none',
      to: 'v1',
      content: IMAGE,
      headers: { 'If-None-Match': '*' },
    }),
    put({
      title: 'push of several tags',
      to: `${IMAGE.sha256}?tag=v1&tag=v2`,
      content: IMAGE,
      tags: ['v1', 'v2'],
    }),
    put({ title: 'push of an index', to: 'list', content: LIST, type: OCI_INDEX, relied: [IMAGE] }),
    put({ title: 'push of a cache', to: 'cache', content: CACHE, type: OCI_INDEX }),
    pushSha512,
    deleteSha512,
    deleteTag,
    deleteManifest('app'),
    deleteWhole,
    pull('app'),
  ),
  ...of(
    ['a condemned tag that is immutable', 'an old tag'],
    put({ title: 'push to an immutable tag', to: 'frozen', content: IMAGE }),
    put({ title: 'push of another to an immutable tag', to: 'frozen', content: OTHER }),
  ),
  ...of(
    REFERRERS,
    put({ title: 'push of a referrer', to: SIGNATURE.sha256, content: SIGNATURE }),
    put({ title: 'push of a fallback tag', to: FALLBACK_TAG, content: FALLBACK, type: OCI_INDEX }),
    deleteReferrer,
    pullReferrers,
    indexAnew,
    expire,
    sweeper,
  ),
  ...of(
    ['an old tag', 'a condemned link'],
    fetchByTag,
    fetchByDigest,
    fillBlob,
    pullThrough,
    pushThrough,
    purge,
  ),
  ...of([...DELETED, 'a deleted tag'], undeleteTag, undeleteManifest, recordPull, wholeRun),
  ...of(['an old tag'], deleteForGood, inTurn(deleteWhole, undoWhole('v1'))),
  ...of([...BLOBS, ...DELETED, ...LITTER], dryRun, releaseAll, collector('second')),
  ...of([...BLOBS, ...DELETED, ...LITTER, 'mistakes to be mended'], repair),
]

/** An index of an index: both are pushed, then the outer one. */
export const pushNested: Actor = inTurn(
  put({ title: 'push of an index', to: LIST.sha256, content: LIST, type: OCI_INDEX }),
  put({
    title: 'push of its index',
    to: 'nested',
    content: NESTED,
    type: OCI_INDEX,
    relied: [LIST],
  }),
)

/** Commands of `slipway` that write to the store, and what they are explored as. */
export const COMMANDS: Readonly<Record<string, string>> = {
  delete: deleteWhole.title,
  'repo delete': deleteWhole.title,
  'tag move': 'move of the tag',
  'tag delete': deleteTag.title,
  // They go the way of pushes.
  copy: pushManifest('app', 'v1').title,
  mirror: pushManifest('app', 'v1').title,
  import: pushManifest('app', 'v1').title,
  reindex: indexAnew.title,
  check: repair.title,
  undelete: undeleteManifest.title,
  gc: wholeRun.title,
  usage: dryRun.title,
  'upstreams refresh': fetchByTag.title,
  'upstreams purge': purge.title,
}
