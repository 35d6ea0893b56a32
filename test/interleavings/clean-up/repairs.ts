/**
 * Repairs of `slipway check`, each of one thing that is wrong, and what comes beside them.
 *
 * @module
 */
import type { Found } from '../../../functions/registry/check/finding.ts'
import { inspectLayer, inspectRevision } from '../../../functions/registry/check/links.ts'
import { inspectMarker } from '../../../functions/registry/check/markers.ts'
import { inspectTag } from '../../../functions/registry/check/tags.ts'
import { type View, viewOf } from '../../../functions/registry/check/view.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import {
  dataKey,
  layerLinkKey,
  markerKey,
  revisionLinkKey,
  tagLinkKey,
} from '../../../functions/registry/layout.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import {
  BLOB,
  collector,
  deleteBlob,
  deleteManifest,
  IMAGE,
  mount,
  session,
  upload,
} from './actors.ts'
import type { Actor } from './run.ts'
import { type Making, STATES } from './states.ts'

const DAY = 24 * 60 * 60_000

/** Something that is wrong, and how it is looked at. */
export interface Broken {
  readonly state: (making: Making) => Promise<unknown>
  readonly inspect: (view: View) => Promise<Found | undefined>
  /** What is wrong as long as nothing is mended, and where somebody dies meanwhile. */
  readonly wrong?: RegExp
  /** What comes beside. */
  readonly others: readonly Actor[]
}

const layer = layerLinkKey('app', BLOB.sha256)
const revision = revisionLinkKey('app', IMAGE.sha256)
const tag = tagLinkKey('app', 'v2')

const link = (view: View) => inspectLayer(view, layer, 'app')
const marker = (view: View) => inspectMarker(view, markerKey(BLOB.sha256))
const tagged = (view: View) => inspectTag(view, tag, 'app', 'v2')

/** Writes an object as it was long ago. */
const longAgo = async ({ store, clock }: Making, key: string, body: string, days: number) => {
  clock.now -= days * DAY
  await store.put(key, Buffer.from(body))
  clock.now += days * DAY
}

const RUN = collector()
const writers = [upload('app'), mount('other', 'app'), session('app', 'v2'), RUN]

/** All that is mended by a write or delete of a link or a marker. */
export const BROKEN: Readonly<Record<string, Broken>> = {
  'a damaged link of a blob': {
    state: async (making) => {
      await STATES['a link that nothing needs'](making)
      await longAgo(making, layer, `${BLOB.sha256} condemned 0`, 20)
    },
    inspect: link,
    wrong: /link/,
    others: [...writers, deleteBlob('app')],
  },
  'a damaged link of data that is gone': {
    state: (making) => longAgo(making, layer, `${BLOB.sha256} condemned 0`, 20),
    inspect: link,
    wrong: /link/,
    others: writers,
  },
  'a condemned link whose data is gone': {
    state: async (making) => {
      await STATES['a condemned link'](making)
      await making.store.delete([dataKey(BLOB.sha256)])
    },
    inspect: link,
    wrong: /link/,
    others: writers,
  },
  'a damaged link of a manifest': {
    state: async (making) => {
      await STATES['an old manifest without a tag'](making)
      await longAgo(making, revision, '', 20)
    },
    inspect: (view) => inspectRevision(view, revision, 'app', IMAGE.sha256),
    others: [session('app', 'v2'), deleteManifest('app')],
  },
  'a claim that nobody ends': { state: STATES['claimed data'], inspect: marker, others: writers },
  'an old marker': { state: STATES['data that is gone'], inspect: marker, others: writers },
  'a tag of a deleted manifest': {
    state: async (making) => {
      await STATES['a deleted manifest'](making)
      await longAgo(making, tag, IMAGE.sha256, 60)
    },
    inspect: tagged,
    others: [session('app', 'v2'), session('app'), deleteManifest('app'), RUN],
  },
  'a tag of nothing': {
    state: (making) => longAgo(making, tag, IMAGE.sha256, 20),
    inspect: tagged,
    others: [session('app', 'v2'), session('app'), RUN],
  },
  'a tag of a manifest without a link': {
    state: async (making) => {
      await STATES['an old tag'](making)
      await making.store.delete([revision, tagLinkKey('app', 'v1')])
      await longAgo(making, tag, IMAGE.sha256, 20)
    },
    inspect: tagged,
    others: [session('app', 'v2'), session('app'), deleteManifest('app')],
  },
}

/**
 * Looks twice, as a check does, and mends.
 *
 * @param spoil stands between the repair and the store
 */
export const repair = (
  { inspect }: Broken,
  spoil: (store: ObjectStore) => ObjectStore = (store) => store,
): Actor => ({
  title: 'repair',
  async run({ store, now }) {
    const view = viewOf(spoil(store), {
      now,
      times: TIMES,
      requiredChildren: () => 'all',
      isCopy: () => false,
    })
    const found = (await inspect(view)) && (await inspect(view.again()))
    await found?.mend?.()
  },
})
