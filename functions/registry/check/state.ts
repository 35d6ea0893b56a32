/**
 * Checks what runs of the clean-up note for each other, the fence, and since when pulls are recorded.
 *
 * A run takes whatever of it is damaged for absent, so taking it away changes no decision: it only has the next run
 * begin anew, or look at more. A run that goes on relies on the versions that it has read; so these are removed
 * while the lease is held, as by a run, and by the version that was read. The fence is written again, never removed:
 * see fence.ts.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import { ATTEMPTS_KEY, attemptsSchema } from '../clean-up/attempts.ts'
import { BOUNDS } from '../clean-up/bounds.ts'
import { CHECKPOINT_KEY, prefixOf, readCheckpoint } from '../clean-up/checkpoint.ts'
import { raiseAnew } from '../clean-up/fence.ts'
import { KEEPERS_PREFIX, keeperSchema, SERVER_KEEPS } from '../clean-up/keepers.ts'
import { MARKERS_KEY, markersAreWhole } from '../clean-up/known-markers.ts'
import { LEASE_KEY, leaseSchema, mayBeHeld, whileNobodyRuns } from '../clean-up/lease.ts'
import { LOOKED_KEY, lookedSchema } from '../clean-up/litter/looked.ts'
import { openPieces } from '../clean-up/pieces.ts'
import { piecesOf } from '../clean-up/plan.ts'
import { SEEN_KEY, seenIsWhole } from '../clean-up/seen.ts'
import {
  FENCE_KEY,
  type ManifestInKey,
  manifestIn,
  PULLED_PREFIX,
  PULLS_SINCE_KEY,
  SCHEMA1_PREFIX,
  v1ManifestIn,
} from '../layout.ts'
import { recordingSchema } from '../pulls/record.ts'
import { isDigest, isName } from '../reference.ts'
import { USAGE_KEY } from '../usage/document.ts'
import { usageIsWhole } from '../usage/usage.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** What was read of an object: its version, and whether it says something known. */
interface Looked {
  readonly etag: string
  readonly whole: boolean
}

/** Most bytes of a small document. */
const SMALL = 4096

/** Reads a small document. */
const readSmall = async (
  store: ObjectStore,
  key: string,
  isWhole: (text: string) => boolean,
): Promise<Looked | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  const small = size <= SMALL
  if (!small) discard(read.body)
  return { etag, whole: small && isWhole((await readAll(read.body, SMALL)).toString()) }
}

/** Whether a text is a document of this schema, or of another version than the first. */
const fits =
  (schema: z.ZodMiniType) =>
  (text: string): boolean => {
    try {
      const document: unknown = JSON.parse(text)
      if (schema.safeParse(document).success) return true
      const { version } = document as { readonly version?: unknown }
      return typeof version === 'number' && version !== 1
    } catch {
      return false
    }
  }

const lookAtCheckpoint = async (store: ObjectStore): Promise<Looked | undefined> => {
  const stored = await readCheckpoint(store)
  if (stored === undefined) return undefined
  const { etag, whole, checkpoint } = stored
  const pieces = checkpoint && openPieces(store, prefixOf(checkpoint.run))
  return { etag, whole: whole && (await pieces?.has(piecesOf(checkpoint!.plan))) !== false }
}

/** How a note is looked at, and what its absence changes. */
interface Note {
  readonly look: (store: ObjectStore) => Promise<Looked | undefined>
  readonly without: string
}

const small = (key: string, schema: z.ZodMiniType, without: string): Note => ({
  look: (store) => readSmall(store, key, fits(schema)),
  without,
})

const NOTES: Readonly<Record<string, Note>> = {
  [CHECKPOINT_KEY]: { look: lookAtCheckpoint, without: 'the next clean-up begins anew' },
  [SEEN_KEY]: { look: seenIsWhole, without: 'the next clean-up reads all repositories' },
  [MARKERS_KEY]: { look: markersAreWhole, without: 'the next clean-up reads all markers' },
  [USAGE_KEY]: { look: usageIsWhole, without: 'the next walk of a clean-up writes it' },
  [LEASE_KEY]: small(LEASE_KEY, leaseSchema, 'the next clean-up takes it'),
  [LOOKED_KEY]: small(LOOKED_KEY, lookedSchema, 'the next clean-up looks at everything'),
  [ATTEMPTS_KEY]: small(ATTEMPTS_KEY, attemptsSchema, 'the next clean-up is early'),
}

const finding = (key: string, what: string): Found => ({
  kind: 'damaged-state',
  key,
  text: `${what} says nothing known, or not all of it is there`,
})

const aboutNote = async (view: View, key: string, note: Note): Promise<Found | undefined> => {
  const { store } = view
  const looked = await note.look(store)
  if (looked === undefined || looked.whole) return undefined
  const found = finding(key, 'what a clean-up has noted')
  if (await mayBeHeld(store, view.now())) {
    return { ...found, text: `${found.text}: a clean-up may go on, so check again in half an hour` }
  }
  return {
    ...found,
    mend: () =>
      whileNobodyRuns(store, async () => {
        // To take the lease is to write it anew.
        const removed = key === LEASE_KEY || (await view.remove(key, looked.etag))
        return removed ? `removed it: ${note.without}` : undefined
      }),
  }
}

const aboutKeeper = async (
  view: View,
  { key, modified }: ListedObject,
): Promise<Found | undefined> => {
  const looked = await readSmall(view.store, key, fits(keeperSchema))
  if (looked === undefined || looked.whole) return undefined
  const found = finding(key, 'the word of a registry that it runs with gc on')
  const counts = view.now() - modified.getTime() <= SERVER_KEEPS + BOUNDS.skew
  if (counts) return { ...found, text: `${found.text}: it counts for half an hour` }
  const mend = async () =>
    (await view.remove(key, looked.etag)) ? 'removed it: it counts no longer' : undefined
  return { ...found, mend }
}

/** Looks at what a run has noted. Parts of it are looked at with what names them. */
export const inspectNote = async (view: View, object: ListedObject): Promise<Found | undefined> => {
  const { key } = object
  if (key.startsWith(KEEPERS_PREFIX)) return aboutKeeper(view, object)
  const note = Object.hasOwn(NOTES, key) ? NOTES[key] : undefined
  return note && aboutNote(view, key, note)
}

/** By which protocol links are written, be it this one or a later one. */
const fenceSchema = z.object({ protocol: z.int().check(z.positive()) })

/** Looks at the fence. */
export const inspectFence = async (view: View, key: string): Promise<Found | undefined> => {
  if (key !== FENCE_KEY) return undefined
  const looked = await readSmall(view.store, key, fits(fenceSchema))
  if (looked === undefined || looked.whole) return undefined
  const mend = async () =>
    (await raiseAnew(view.store, looked.etag))
      ? 'wrote it again: a clean-up may run in an hour'
      : undefined
  return { ...finding(key, 'the fence'), mend }
}

/** Looks at the record of a pull, whose key says all, or since when pulls are recorded. */
export const inspectPull = async (view: View, object: ListedObject): Promise<Found | undefined> => {
  const { key, etag } = object
  if (key === PULLS_SINCE_KEY) {
    const looked = await readSmall(view.store, key, fits(recordingSchema))
    if (looked === undefined || looked.whole) return undefined
    const mend = async () =>
      (await view.remove(key, looked.etag)) ? 'removed it: recording begins anew' : undefined
    return { ...finding(key, 'since when pulls are recorded'), mend }
  }
  const text = 'the record of a pull is of no manifest'
  return inspectBeside(view, PULLED_PREFIX, { key, etag }, text)
}

/** Looks at the signatures of a manifest of schema 1, by their key. */
export const inspectSignatures = (view: View, object: ListedObject): Promise<Found | undefined> =>
  inspectBeside(view, SCHEMA1_PREFIX, object, 'these signatures are of no manifest')

/** Looks at what the first API knows of a manifest, by its key. */
export const inspectV1 = (view: View, object: ListedObject): Promise<Found | undefined> =>
  inspectBeside(view, v1ManifestIn, object, 'this is of an image of the first API in no manifest')

/** Looks at what is kept beside a manifest that its key names. @param of the prefix of such keys, or how they are read */
const inspectBeside = async (
  view: View,
  of: string | ((key: string) => ManifestInKey | undefined),
  { key, etag }: Pick<ListedObject, 'key' | 'etag'>,
  text: string,
): Promise<Found | undefined> => {
  const { name = '', digest = '' } = (typeof of === 'string' ? manifestIn(of, key) : of(key)) ?? {}
  if (isName(name) && isDigest(digest)) return undefined
  const version = etag ?? (await view.store.head(key))?.etag
  if (version === undefined) return undefined
  const mend = async () => ((await view.remove(key, version)) ? 'removed it' : undefined)
  return { kind: 'damaged-record', key, text, mend }
}
