/**
 * What a store should hold when nothing is left to be collected, by a walk of its own over the plain objects:
 * it shares no code with the clean-up.
 *
 * @module
 */
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { allObjects } from '../support/rig/invariants.ts'

const ROOT = 'docker/registry/v2/'
const REVISION = /repositories\/(.+)\/_manifests\/revisions\/sha256\/([0-9a-f]{64})\/link$/
const LAYER = /repositories\/(.+)\/_layers\/sha256\/([0-9a-f]{64})\/link$/
const DATA = /blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})\/data$/

const textAt = async (store: ObjectStore, key: string): Promise<string> => {
  const read = await store.get(key)
  return read === undefined ? '' : (await readAll(read.body, 8 * 1024 * 1024)).toString()
}

/** What was found. */
export interface Walked {
  /** Objects that should not be there, and digests that should. */
  readonly wrong: readonly string[]
  /** Bytes of data there is, and that should be there. */
  readonly bytes: number
  readonly reachable: number
  readonly manifests: number
}

/** Walks. */
export const walk = async (store: ObjectStore): Promise<Walked> => {
  const objects = await allObjects(store, '')
  const data = new Map<string, number>()
  const layers = new Set<string>()
  const revisions: [name: string, hex: string, key: string][] = []
  const wrong: string[] = []
  for (const { key, size } of objects) {
    const [, hex] = DATA.exec(key) ?? []
    const layer = LAYER.exec(key)
    const revision = REVISION.exec(key)
    if (hex !== undefined) data.set(hex, size)
    else if (layer) layers.add(`${layer[1]} ${layer[2]}`)
    else if (revision) revisions.push([revision[1]!, revision[2]!, key])
    else if (key.startsWith('slipway/v1/condemned/')) wrong.push(`a marker: ${key}`)
    else if (/^slipway\/v1\/(uploads|clean-up)\/(?!usage|seen|looked)/.test(key))
      wrong.push(`left: ${key}`)
    // Both kinds of link have 71 bytes where they are plain.
    if ((layer || revision || key.includes('/_manifests/tags/')) && size !== 71)
      wrong.push(`not plain: ${key}`)
  }
  const needed = new Set<string>()
  const reachable = new Set<string>()
  for (const [name, hex] of revisions) {
    const text = await textAt(store, `${ROOT}blobs/sha256/${hex.slice(0, 2)}/${hex}/data`)
    reachable.add(hex)
    for (const [, each = ''] of text.matchAll(/"digest":"sha256:([0-9a-f]{64})"/g)) {
      reachable.add(each)
      if (layers.has(`${name} ${each}`)) needed.add(`${name} ${each}`)
    }
  }
  for (const each of layers) if (!needed.has(each)) wrong.push(`nobody needs the link ${each}`)
  for (const each of data.keys()) if (!reachable.has(each)) wrong.push(`nobody needs ${each}`)
  for (const each of reachable) if (!data.has(each)) wrong.push(`${each} is not there`)
  for (const { key } of await store.listMultiparts('')) wrong.push(`an open upload: ${key}`)
  const sum = (hexes: Iterable<string>): number =>
    [...hexes].reduce((total, each) => total + (data.get(each) ?? 0), 0)
  return {
    wrong,
    bytes: sum(data.keys()),
    reachable: sum(reachable),
    manifests: revisions.length,
  }
}
