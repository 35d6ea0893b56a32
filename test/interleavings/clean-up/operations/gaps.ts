/**
 * What the model of the protocol leaves out, each with scenarios that close it (docs/clean-up.md has the table).
 *
 * @module
 */
import { OCI_INDEX } from '../../../../functions/registry/media-types.ts'
import type { Retention } from '../../../../functions/registry/retention/retention.ts'
import {
  BLOB,
  collector,
  deleteBlob,
  deleteManifest,
  IMAGE,
  inTurn,
  landing,
  later,
  mount,
  pull,
  pushManifest,
  session,
  stretched,
  sweeper,
  upload,
} from '../actors.ts'
import { THIRTY_DAYS } from '../by-rule.ts'
import type { Actor, Scenario } from '../run.ts'
import type { Meeting } from '../scenarios.ts'
import type { StateName } from '../states.ts'
import { releaseAll, repair, undeleteManifest, undeleteTag, wholeRun } from './administration.ts'
import { actor, is, manifestIn } from './answers.ts'
import { inOnePut, mountSha512 } from './blobs.ts'
import {
  CACHE,
  deleteReferrer,
  deleteTag,
  LIST,
  NESTED,
  OTHER,
  pullReferrers,
  put,
  SIGNATURE,
  TWO_BLOBS,
} from './manifests.ts'

/** A gap of the model. */
export interface Gap {
  readonly title: string
  readonly meetings: readonly Meeting[]
  readonly rules?: Retention
  readonly more?: Pick<Scenario, 'page' | 'conflicts' | 'losesDeletes'>
}

const across = (
  states: readonly StateName[],
  requests: readonly Actor[],
  ...others: readonly Actor[]
): readonly Meeting[] =>
  states.flatMap((state) => requests.map((request) => ({ state, actors: [request, ...others] })))

const TWO_RUNS = [collector(), collector('second')]
const AFTER = inTurn(later, collector('second'))

const pushTwo = put({
  title: 'push of an image of two blobs',
  to: 'two',
  content: TWO_BLOBS,
})
const pushList = put({
  title: 'push of an index',
  to: LIST.sha256,
  content: LIST,
  type: OCI_INDEX,
  relied: [IMAGE],
})
const pushNested = put({
  title: 'push of an index of an index',
  to: NESTED.sha256,
  content: NESTED,
  type: OCI_INDEX,
  relied: [LIST],
})
const pushCache = put({
  title: 'push of a cache',
  to: CACHE.sha256,
  content: CACHE,
  type: OCI_INDEX,
})
const sign = put({ title: 'push of a referrer', to: SIGNATURE.sha256, content: SIGNATURE })
const move = put({ title: 'move of the tag', to: 'v1', content: OTHER })

/** A client that goes on once its delete was answered. */
export const deleteThenPush: Actor = actor(
  'delete of the tag, then a push of the same',
  async (world) => {
    const answer = await world.send('DELETE /v2/app/manifests/v1')
    if (!is(world, answer, 'a delete', 202)) return
    const path = 'PUT /v2/app/manifests/v1'
    const type = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
    if (!is(world, await world.send(path, IMAGE.bytes, type), 'a push', 201)) return
    world.told(manifestIn('app', IMAGE))
    world.told({ kind: 'tag', name: 'app', tag: 'v1' })
  },
)

const deleteBlobThenUpload = (algorithm: 'sha256' | 'sha512'): Actor =>
  actor(`delete of a blob by ${algorithm}, then an upload of the same`, async (world) => {
    const answer = await world.send(`DELETE /v2/app/blobs/${BLOB[algorithm]}`)
    if (!is(world, answer, 'a delete', 202)) return
    await upload('app').run(world)
  })

export const GAPS: readonly Gap[] = [
  {
    title: 'rules that remove tags, beside pushes of the same digest',
    rules: THIRTY_DAYS,
    meetings: [
      ...across(
        ['an old tag', 'a manifest that a rule condemned'],
        [pushManifest('app', 'v1'), move],
        ...TWO_RUNS,
      ),
      ...across(
        ['an old tag'],
        [inTurn(pushManifest('app', 'v1'), later, collector('second'))],
        stretched,
      ),
    ],
  },
  {
    title: 'pages of listings',
    more: { page: 1 },
    rules: THIRTY_DAYS,
    meetings: across(
      [
        'an old tag',
        'a condemned link',
        'condemned data',
        'a manifest that was just deleted',
        'litter',
      ],
      [
        pushManifest('app', 'v1'),
        move,
        upload('other'),
        mount('other', 'app'),
        deleteManifest('app'),
        sign,
      ],
      inTurn(collector(), sweeper),
    ),
  },
  {
    title: 'referrers',
    rules: THIRTY_DAYS,
    meetings: [
      ...across(
        ['an image and what refers to it', 'litter', 'condemned litter'],
        [sign, inTurn(deleteReferrer, sign), pullReferrers, undeleteManifest],
        inTurn(collector(), sweeper, later, collector('again'), sweeper),
      ),
      ...across(
        ['condemned litter'],
        [sign],
        inTurn(collector(), sweeper),
        inTurn(sweeper, later, sweeper),
      ),
    ],
  },
  {
    title: 'other digests',
    meetings: across(
      ['links under two digests', 'condemned links under two digests', 'condemned data', 'litter'],
      [inOnePut('upload by sha512', BLOB, BLOB.sha512), mountSha512('app'), mountSha512(undefined)],
      inTurn(collector(), sweeper),
      collector('second'),
    ),
  },
  {
    title: 'indexes of indexes, and of blobs',
    rules: THIRTY_DAYS,
    meetings: [
      ...across(
        [
          'an old index of an index',
          'an old manifest without a tag',
          'a manifest that a rule condemned',
        ],
        [pushList, pushNested, pushCache, inTurn(pushList, pushNested), pull('app')],
        inTurn(collector(), AFTER),
      ),
      ...across(
        ['an old index of an index'],
        [inTurn(pushNested, later, collector('second'))],
        stretched,
      ),
    ],
  },
  {
    title: 'several digests at once',
    meetings: across(
      ['condemned links of two blobs'],
      [pushTwo, inTurn(session('app'), pushTwo)],
      ...TWO_RUNS,
    ),
  },
  {
    title: 'refusals though nothing has changed: 409',
    more: { conflicts: true },
    meetings: across(
      [
        'a condemned link',
        'condemned data',
        'data that is gone',
        'a manifest that was just deleted',
      ],
      [
        upload('app'),
        session('app'),
        mount('other', undefined),
        pushManifest('app', 'v1'),
        undeleteManifest,
      ],
      collector(),
    ),
  },
  {
    title: 'a delete of a user that lands late',
    more: { losesDeletes: true },
    meetings: [
      { state: 'an old tag', actors: [deleteThenPush, landing] },
      { state: 'a condemned link', actors: [deleteBlobThenUpload('sha256'), landing] },
      { state: 'links under two digests', actors: [deleteBlobThenUpload('sha512'), landing] },
    ],
  },
  {
    title: "a manifest's own data, beside two runs",
    meetings: across(
      [
        'data of a manifest without links',
        'condemned data of a manifest',
        'claimed data of a manifest',
        'data of a manifest that is gone',
      ],
      [pushManifest('app'), pushManifest('app', 'v1'), pushList, sign],
      ...TWO_RUNS,
    ),
  },
  {
    title: 'undeletes beside the removal of what they bring back',
    meetings: [
      ...across(
        ['a deleted manifest', 'a manifest that was just deleted', 'a deleted tag'],
        [
          undeleteManifest,
          undeleteTag,
          inTurn(undeleteManifest, deleteManifest('app'), undeleteTag),
        ],
        inTurn(collector(), sweeper, AFTER),
      ),
      ...across(
        ['a manifest that was just deleted'],
        [inTurn(undeleteTag, later, collector('second'))],
        stretched,
      ),
    ],
  },
  {
    title: 'an undelete that sleeps',
    meetings: across(
      ['a manifest that was just deleted', 'a deleted tag'],
      [undeleteTag, undeleteManifest],
      inTurn(deleteManifest('app'), later, collector(), later, collector('again')),
    ),
  },
  {
    title: 'a release, and repairs, beside writers',
    meetings: [
      ...across(
        ['condemned data'],
        [mount('other', undefined), upload('app')],
        inTurn(collector(), releaseAll),
      ),
      ...across(
        ['a condemned link', 'condemned data', 'data that is gone'],
        [session('app'), mount('other', undefined)],
        releaseAll,
        collector(),
      ),
      ...across(
        ['mistakes to be mended', 'a condemned link'],
        [pushManifest('app', 'v1'), sign],
        repair,
        collector(),
      ),
    ],
  },
  {
    title: 'whole runs, with what they note',
    meetings: [
      ...across(
        ['condemned data', 'litter'],
        [upload('app'), deleteTag, deleteBlob('app')],
        wholeRun,
        wholeRun,
      ),
    ],
  },
]
