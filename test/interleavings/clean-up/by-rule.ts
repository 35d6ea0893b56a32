/**
 * Runs that apply rules, beside all that changes tags and manifests; and what goes wrong without each part of
 * the protocol.
 *
 * @module
 */
import { unreported } from '../../../functions/registry/damage.ts'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import { dataKey, revisionLinkKey, tagLinkKey } from '../../../functions/registry/layout.ts'
import { parseLink } from '../../../functions/registry/links.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectRead, ObjectStore } from '../../../functions/storage/store.ts'
import { type Content, imageOf, indexOf } from '../../support/hosts/content.ts'
import { codeOf } from '../../support/rig/client.ts'
import { collector, deleteManifest, IMAGE, inTurn, later, pull, pushManifest } from './actors.ts'
import type { Spoiled } from './collecting.ts'
import { refusable } from './operations/answers.ts'
import type { Actor } from './run.ts'
import type { Meeting } from './scenarios.ts'

/** What goes when it was not pushed for longer than actors take. */
export const THIRTY_DAYS = parseRetention(
  JSON.stringify({
    version: 1,
    rules: [
      { name: 'tags', repositories: ['**'], tags: ['*'], remove: { notPushedFor: '30d' } },
      { name: 'bare', repositories: ['**'], untagged: true, remove: { notPushedFor: '30d' } },
    ],
  }),
)

const OTHER = imageOf([], { annotations: { is: 'other' } })
const LIST = indexOf([IMAGE])

const put = (
  title: string,
  reference: string,
  content: Content,
  relied: readonly Content[],
  type = OCI_MANIFEST,
): Actor => ({
  title,
  async run(world) {
    const path = `PUT /v2/app/manifests/${reference}`
    const answer = await world.send(path, content.bytes, { 'Content-Type': type })
    if (codeOf(answer) === 'MANIFEST_BLOB_UNKNOWN') return
    if (answer.status !== 201) return world.wrong(`${title} is ${answer.status} ${codeOf(answer)}`)
    for (const each of relied) world.told({ kind: 'manifest', name: 'app', content: each })
    if (!reference.includes(':')) world.told({ kind: 'tag', name: 'app', tag: reference })
  },
})

const move = put('move of the tag', 'v1', OTHER, [OTHER])
const pushIndex = put('push of an index', 'list', LIST, [IMAGE], OCI_INDEX)

const pullByTag: Actor = {
  title: 'pull by tag',
  async run(world) {
    const { status } = await world.send('GET /v2/app/manifests/v1')
    if (status !== 200 && status !== 404) world.wrong(`a pull by tag is ${status}`)
  },
}

const deleteTag: Actor = {
  title: 'delete of the tag',
  async run(world) {
    world.excuse('app')
    const { status } = await world.send('DELETE /v2/app/manifests/v1')
    if (status !== 202 && status !== 404) world.wrong(`a delete is ${status}`)
  },
}

/** The tag is deleted, and comes back. */
const deleteAndUndelete: Actor = {
  title: 'delete and undelete of the tag',
  async run(world) {
    const { status } = await world.send('DELETE /v2/app/manifests/v1')
    if (status !== 202) return
    await refusable(async () => {
      const { tags } = await undelete(world.store, 'app', { tag: 'v1' }, unreported, world.now)
      if (tags.includes('v1')) world.told({ kind: 'tag', name: 'app', tag: 'v1' })
    })
  },
}

/** The manifest comes back, if it is gone. */
const undeleteManifest: Actor = {
  title: 'undelete of the manifest',
  async run(world) {
    await refusable(async () => {
      const digest = IMAGE.sha256 as Digest
      const { manifest } = await undelete(world.store, 'app', { digest }, unreported, world.now)
      if (manifest) world.told({ kind: 'manifest', name: 'app', content: IMAGE })
    })
  },
}

const STATES = [
  'an old tag',
  'an old manifest without a tag',
  'a manifest that a rule condemned',
] as const

const REQUESTS: readonly Actor[] = [
  pushManifest('app', 'v1'),
  pushManifest('app'),
  move,
  pushIndex,
  pull('app'),
  pullByTag,
  deleteTag,
  deleteManifest('app'),
  deleteAndUndelete,
  undeleteManifest,
  collector('second'),
]

/** A run beside what relies on what goes, for a quick look. */
export const RULE_PUSHES: readonly Meeting[] = STATES.flatMap((state) =>
  REQUESTS.slice(0, 4).map((request) => ({ state, actors: [request, collector()] })),
)

/** A run beside a request. */
export const RULE_PAIRS: readonly Meeting[] = STATES.flatMap((state) =>
  REQUESTS.map((request) => ({ state, actors: [request, collector()] })),
)

/** A run that sleeps for days, beside a request and further runs. */
export const RULE_SLEEPERS: readonly Meeting[] = STATES.flatMap((state) =>
  REQUESTS.map((request) => ({
    state,
    actors: [inTurn(request, later, collector('second')), collector()],
  })),
)

const AGES = 400 * 24 * 60 * 60_000

const TAG = tagLinkKey('app', 'v1')
const REVISION = revisionLinkKey('app', IMAGE.sha256)

/** Has objects look old where only they are looked at. */
const oldHeads =
  (which: string) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    async head(key) {
      const info = await store.head(key)
      return info && key === which
        ? { ...info, modified: new Date(info.modified.getTime() - AGES) }
        : info
    },
  })

/** Says of what it reads under a key that it is condemned, and writes nothing. */
const pretending =
  (which: string) =>
  (store: ObjectStore, clock: { readonly now: number }): ObjectStore => ({
    ...store,
    async get(...asked): Promise<ObjectRead | undefined> {
      const read = await store.get(...asked)
      if (read === undefined || asked[0] !== which) return read
      const bytes = await readAll(read.body, 1000)
      const plain = parseLink(bytes)
      if (plain === undefined || plain.condemned !== undefined) return { ...read, body: [bytes] }
      const times = `${read.info.modified.getTime()} ${clock.now}`
      return {
        ...read,
        body: [Buffer.from(`${plain.target} condemned ${'0'.repeat(16)} ${times}`)],
      }
    },
  })

/** Has condemned links look as old as the grace wants them. */
const withoutGrace = (store: ObjectStore): ObjectStore => {
  const older = <T extends { readonly modified: Date }>(key: string, each: T): T =>
    key === REVISION ? { ...each, modified: new Date(each.modified.getTime() - AGES) } : each
  return {
    ...store,
    async get(key, range) {
      const read = await store.get(key, range)
      return read && { ...read, info: older(key, read.info) }
    },
    async list(prefix, options) {
      const page = await store.list(prefix, options)
      return { ...page, objects: page.objects.map((each) => older(each.key, each)) }
    },
  }
}

/** Parts of the protocol, each left out, and where that shows. */
export const BROKEN: readonly (Spoiled & {
  readonly title: string
  readonly meeting: Meeting
  readonly shows: RegExp
})[] = [
  {
    title: 'a tag is condemned, so that its delete goes by more than its version',
    meeting: { state: 'an old tag', actors: [pushManifest('app', 'v1'), collector()] },
    spoil: pretending(TAG),
    shows: /lost: app:v1/,
  },
  {
    title: "the manifest's link is looked at once the tag is condemned",
    meeting: { state: 'an old tag', actors: [pushManifest('app', 'v1'), collector()] },
    spoil: oldHeads(REVISION),
    shows: /lost: app:v1/,
  },
  {
    title: 'the data is looked at once the manifest is condemned',
    meeting: {
      state: 'an old manifest without a tag',
      actors: [pushManifest('app'), inTurn(collector(), later, collector('second'))],
    },
    spoil: oldHeads(dataKey(IMAGE.sha256)),
    shows: /lost: manifest in app/,
  },
  {
    title: 'a condemned manifest stays for the grace',
    meeting: {
      state: 'an old manifest without a tag',
      actors: [pushIndex, inTurn(collector(), collector('second'))],
    },
    spoil: withoutGrace,
    shows: /lost: manifest in app/,
  },
]
