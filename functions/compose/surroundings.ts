/**
 * Whether there is a registry where the settings say, and whether one is near: above, or a step below.
 *
 * @module
 */

import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { OWN_PREFIX, REPOSITORIES_PREFIX } from '../registry/layout.ts'
import { nearest } from '../shared/nearest.ts'
import { inBatches } from '../shared/parallel.ts'
import { StoreError } from '../storage/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { SettingsError } from './errors.ts'
import type { StoreSettings } from './setting-table.ts'

/** Most places below the store's root that are looked into. */
const MOST_BELOW = 32

/** Segments of a path within a store that distribution has made. */
const LAYOUT = ['docker', 'registry', 'v2']

type Place = StoreSettings['store']

/** What is at a store. */
export interface Surroundings {
  /** The store as `--store` has it, with an absolute path. */
  readonly store: string
  /** Whether there are no repositories. */
  readonly empty: boolean
  /** Whether there is nothing of a registry, not even an account. */
  readonly absent: boolean
  /** The store of a registry near this one, which is empty, as `--store` has it. */
  readonly near: string | undefined
}

const textOf = (place: Place): string =>
  place.kind === 'file'
    ? `file:${resolve(place.path)}`
    : `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`

/** The root of the store that a place would lie within, going by its name. */
const rootAbove = (place: Place): Place | undefined => {
  const path = place.kind === 'file' ? resolve(place.path) : `/${place.prefix}`
  const segments = path.split('/')
  // The first that begins what distribution makes, as far as the path goes.
  const at = segments.findIndex(
    (segment, index) =>
      segment === LAYOUT[0] &&
      LAYOUT.every(
        (name, step) => index + step >= segments.length || segments[index + step] === name,
      ),
  )
  if (at < 1) return undefined
  const root = segments.slice(0, at).join('/')
  return place.kind === 'file'
    ? { ...place, path: root || '/' }
    : { ...place, prefix: root.slice(1) }
}

const nameOf = (place: Place): string =>
  basename(place.kind === 'file' ? resolve(place.path) : place.prefix)

/** The place that a place lies in, if there is one. */
const parentOf = (place: Place): Place | undefined => {
  if (nameOf(place) === '') return undefined
  return place.kind === 'file'
    ? { ...place, path: dirname(resolve(place.path)) }
    : { ...place, prefix: dirname(place.prefix).replace(/^\.$/, '') }
}

/** Whether there are keys below a prefix, or `otherwise` if the store does not say. */
const has = async (store: ObjectStore, prefix: string, otherwise: boolean): Promise<boolean> => {
  try {
    return (await store.list(prefix, { limit: 1 })).objects.length > 0
  } catch (error) {
    if (error instanceof StoreError) return otherwise
    throw error
  }
}

type Open = (place: Place) => Promise<ObjectStore>

const isRegistry = async (place: Place, open: Open): Promise<boolean> =>
  has(await open(place), REPOSITORIES_PREFIX, false)

/** What lies directly below a place; nothing where that cannot be read. */
const placesBelow = async (place: Place, open: Open): Promise<Place[]> => {
  if (place.kind === 'file') {
    const entries = await readdir(place.path, { withFileTypes: true }).catch(() => [])
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ ...place, path: join(place.path, name) }))
  }
  const list = (await open(place)).list('', { delimiter: '/' })
  const { prefixes } = await list.catch(() => ({ prefixes: [] }))
  return prefixes.map((each) => ({ ...place, prefix: join(place.prefix, each.slice(0, -1)) }))
}

/** A registry that may be meant: around this place, in it, or beside it with much the same name. */
const findNear = async (place: Place, open: Open): Promise<Place | undefined> => {
  const parent = parentOf(place)
  const beside = parent === undefined ? [] : await placesBelow(parent, open)
  const others = beside.filter((each) => nameOf(each) !== nameOf(place))
  const similar = nearest(nameOf(place), others.map(nameOf))
  const candidates = [
    ...(parent === undefined ? [] : [parent]),
    ...(await placesBelow(place, open)).slice(0, MOST_BELOW),
    ...others.filter((each) => nameOf(each) === similar),
  ]
  const found = await inBatches(candidates, async (each) => isRegistry(each, open))
  return candidates.find((_, index) => found[index])
}

/**
 * Looks at the store that the settings name: one listing of one key where there are repositories.
 *
 * @param openStore opens a store by settings
 * @throws SettingsError for a place within the store of a registry, such as its `docker/registry/v2`
 */
export const lookAround = async (
  settings: StoreSettings,
  openStore: (settings: StoreSettings) => ObjectStore | Promise<ObjectStore>,
): Promise<Surroundings> => {
  const place = settings.store
  const open: Open = async (store) => openStore({ ...settings, store })
  const root = rootAbove(place)
  if (root !== undefined && (await isRegistry(root, open))) {
    throw new SettingsError(
      `--store ${textOf(place)} lies within the store of a registry: use --store ${textOf(root)}`,
    )
  }
  const opened = await open(place)
  const store = textOf(place)
  // Where the store does not say, whoever works on it will be told.
  if (await has(opened, REPOSITORIES_PREFIX, true)) {
    return { store, empty: false, absent: false, near: undefined }
  }
  const absent = !(await has(opened, OWN_PREFIX, true))
  const near = await findNear(place, open)
  return { store, empty: true, absent, near: near && textOf(near) }
}

const hint = (near: string | undefined): string =>
  near === undefined ? '' : ` Is ${near} meant? There is one.`

/** What to say at the start of a server on a store without repositories; nothing of others. */
export const startNote = ({ store, empty, absent, near }: Surroundings): string | undefined => {
  if (!empty) return undefined
  const what = absent
    ? `This is a new, empty registry at ${store}.`
    : `The registry at ${store} is empty.`
  return what + hint(near)
}

/** What to say before a command on a store where there is no registry, or another may be meant. */
export const absentNote = ({ store, absent, near }: Surroundings): string | undefined => {
  if (absent) return `There is no registry at ${store} yet.${hint(near)}`
  return near === undefined ? undefined : `The registry at ${store} is empty.${hint(near)}`
}
