/**
 * What a check looks at, kind by kind, in the order of keys.
 *
 * @module
 */

import type { ListedObject } from '../../storage/store.ts'
import {
  ALIASES_PREFIX,
  BLOBS_PREFIX,
  CATALOG_PREFIX,
  CLEAN_UP_PREFIX,
  CONDEMNED_PREFIX,
  DELETED_REPOSITORIES_PREFIX,
  DELETIONS_PREFIX,
  FENCE_KEY,
  PULLED_PREFIX,
  REFERRERS_PREFIX,
  REPOSITORIES_PREFIX,
  SCHEMA1_PREFIX,
  UPLOADS_PREFIX,
  V1_PREFIX,
} from '../layout.ts'
import { isDigest } from '../reference.ts'
import { damagedLink } from './damaged-link.ts'
import { inspectData } from './data.ts'
import type { Found } from './finding.ts'
import { inspectLayer, inspectRevision } from './links.ts'
import { inspectMarker } from './markers.ts'
import { inspectMark, inspectReferrer } from './marks.ts'
import { inspectRecord, inspectWhole } from './records.ts'
import { inspectStaged } from './remains.ts'
import { inspectFence, inspectNote, inspectPull, inspectSignatures, inspectV1 } from './state.ts'
import { inspectTag } from './tags.ts'
import type { View } from './view.ts'

/** One kind of object, in one place. */
export interface Phase {
  readonly prefix: string
  /** Objects looked at at once. */
  readonly looks: number
  /** Findings mended at once; by default one after another, in the order of their keys. */
  readonly mends?: number
  readonly inspect: (view: View, object: ListedObject) => Promise<Found | undefined>
}

const LAYER = /^(.+)\/_layers\/[a-z0-9]+\/[0-9a-f]+\/link$/
const REVISION = /^(.+)\/_manifests\/revisions\/([a-z0-9]+)\/([0-9a-f]+)\/link$/
const TAG = /^(.+)\/_manifests\/tags\/([^/]+)\/current\/link$/

const inspectRepository = async (view: View, { key }: ListedObject): Promise<Found | undefined> => {
  const path = key.slice(REPOSITORIES_PREFIX.length)
  const [, holder] = LAYER.exec(path) ?? []
  if (holder !== undefined) return inspectLayer(view, key, holder)
  const [, name, algorithm, hex] = REVISION.exec(path) ?? []
  const digest = `${algorithm}:${hex}`
  if (name !== undefined)
    return isDigest(digest) ? inspectRevision(view, key, name, digest) : undefined
  const [, tagged, tag] = TAG.exec(path) ?? []
  return tagged && tag ? inspectTag(view, key, tagged, tag) : undefined
}

/** Name of the repository that a key of a manifest is in. */
export const listedName = ({ key }: ListedObject): string | undefined =>
  REVISION.exec(key.slice(REPOSITORIES_PREFIX.length))?.[1]

/**
 * All kinds.
 *
 * @param verify whether all data is read
 * @param wait see `CheckOptions`
 */
export const phasesOf = ({
  verify,
  wait,
}: {
  readonly verify: boolean
  readonly wait: () => Promise<void>
}): readonly Phase[] => [
  ...(verify
    ? [
        {
          prefix: BLOBS_PREFIX,
          looks: 4,
          inspect: (view: View, { key }: ListedObject) => inspectData(view, key),
        },
      ]
    : []),
  { prefix: REPOSITORIES_PREFIX, looks: 64, inspect: inspectRepository },
  {
    prefix: ALIASES_PREFIX,
    looks: 64,
    inspect: async (view, { key }) => {
      const stored = await view.link(key)
      if (stored?.damage === undefined) return undefined
      return damagedLink(view, key, stored.etag, stored.damage)
    },
  },
  {
    prefix: CATALOG_PREFIX,
    looks: 64,
    // All marks of a page are removed at once, and wait together.
    mends: 1000,
    inspect: (view, object) => inspectMark(view, object, view.now(), wait),
  },
  { prefix: CLEAN_UP_PREFIX, looks: 2, inspect: inspectNote },
  {
    prefix: CONDEMNED_PREFIX,
    looks: 64,
    inspect: (view, { key }) => inspectMarker(view, key),
  },
  { prefix: FENCE_KEY, looks: 1, inspect: (view, { key }) => inspectFence(view, key) },
  { prefix: DELETED_REPOSITORIES_PREFIX, looks: 64, inspect: inspectWhole },
  { prefix: DELETIONS_PREFIX, looks: 64, inspect: inspectRecord },
  { prefix: PULLED_PREFIX, looks: 64, inspect: inspectPull },
  {
    prefix: REFERRERS_PREFIX,
    looks: 32,
    inspect: (view, { key }) => inspectReferrer(view, key),
  },
  { prefix: SCHEMA1_PREFIX, looks: 64, inspect: inspectSignatures },
  {
    prefix: UPLOADS_PREFIX,
    looks: 64,
    inspect: async ({ store, now }, object) => inspectStaged(store, object, now()),
  },
  { prefix: V1_PREFIX, looks: 64, inspect: inspectV1 },
]
