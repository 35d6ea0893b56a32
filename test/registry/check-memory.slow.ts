/**
 * A check of 100,000 repositories: its memory does not grow with their number.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'vitest'
import { checkStore } from '../../functions/registry/check/check.ts'
import {
  CATALOG_PREFIX,
  catalogKey,
  catalogName,
  dataKey,
  layerLinkKey,
  manifestsPrefix,
  REPOSITORIES_PREFIX,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'

const IMAGE = imageOf()
const MODIFIED = new Date(0)
const MEBIBYTE = 1024 * 1024

const nameOf = (at: number): string => `team/app-${String(at).padStart(7, '0')}`

/** The keys of a repository's links, in byte order; two repositories in 10,000 lack their config. */
const linksOf = (at: number): string[] => [
  ...(at % 5000 === 0 ? [] : [layerLinkKey(nameOf(at), CONFIG.sha256)]),
  revisionLinkKey(nameOf(at), IMAGE.sha256),
  tagLinkKey(nameOf(at), 'v1'),
]

/** A store of so many repositories, each with the same image, of which no key is in memory. */
const generated = (repositories: number): ObjectStore => {
  const numberIn = (key: string): number => Number(/app-(\d{7})/.exec(key)?.[1] ?? -1)
  const has = (key: string): boolean => {
    if (key === dataKey(IMAGE.sha256) || key === dataKey(CONFIG.sha256)) return true
    const at = numberIn(key)
    if (at < 0 || at >= repositories) return false
    return key === catalogKey(nameOf(at)) || linksOf(at).includes(key)
  }
  const bytesOf = (key: string): Buffer => {
    if (key === dataKey(IMAGE.sha256)) return IMAGE.bytes
    if (key === dataKey(CONFIG.sha256)) return CONFIG.bytes
    if (key.startsWith(CATALOG_PREFIX)) return Buffer.alloc(0)
    return Buffer.from(key.includes('/_layers/') ? CONFIG.sha256 : IMAGE.sha256)
  }
  const infoOf = (key: string): ObjectInfo => ({
    size: bytesOf(key).byteLength,
    etag: 'x',
    modified: MODIFIED,
    metadata: {},
  })
  const keysOf = (prefix: string, at: number): string[] => {
    if (prefix === CATALOG_PREFIX) return [catalogKey(nameOf(at))]
    return linksOf(at)
  }
  const list = async (prefix: string, { startAfter = '', limit = 1000 }: ListOptions = {}) => {
    const objects = []
    const single = /app-\d{7}/.test(prefix)
    const walked = prefix === CATALOG_PREFIX || prefix === REPOSITORIES_PREFIX
    let at = single ? numberIn(prefix) : Math.max(0, numberIn(startAfter))
    for (; (walked || single) && at < repositories && objects.length <= limit; at++) {
      for (const key of keysOf(prefix, at)) {
        if (!key.startsWith(prefix) || key <= startAfter || objects.length > limit) continue
        objects.push({ key, size: infoOf(key).size, etag: 'x', modified: MODIFIED })
      }
      if (single) break
    }
    return { objects: objects.slice(0, limit), prefixes: [], truncated: objects.length > limit }
  }
  const absent = () => Promise.reject(new Error('not in this store'))
  return {
    lastCalls: { unavailable: 0, failedAt: 0, resent: 0 },
    list,
    head: async (key) => (has(key) ? infoOf(key) : undefined),
    get: async (key) => {
      if (!has(key)) return undefined
      const bytes = new Uint8Array(bytesOf(key))
      return { info: infoOf(key), start: 0, end: bytes.byteLength - 1, body: [bytes] }
    },
    listMultiparts: async () => [],
    deletesExactly: async () => true,
    put: absent,
    copy: absent,
    delete: absent,
    deleteIf: absent,
    deleteVersion: absent,
    deleteOnce: absent,
    createMultipart: absent,
    uploadPart: absent,
    listParts: absent,
    completeMultipart: absent,
    abortMultipart: absent,
  }
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

test('100,000 repositories', async () => {
  const repositories = 100_000
  const store = generated(repositories)
  assert.equal(catalogName(catalogKey(nameOf(1))), nameOf(1))
  assert.ok(manifestsPrefix(nameOf(1)).includes('app-0000001'))
  const used: number[] = []
  const found: Record<string, number> = {}
  let pages = 0
  const began = performance.now()
  const checked = await checkStore(store, {
    repair: false,
    verify: false,
    now: Date.now,
    wait: async () => {},
    report: ({ kind }) => {
      found[kind] = (found[kind] ?? 0) + 1
    },
    progress: () => {
      pages++
      if (pages % 20 === 0) {
        collect()
        used.push(process.memoryUsage().heapUsed)
      }
      return false
    },
  })
  const third = Math.floor(used.length / 3)
  const most = (from: number, to: number) => Math.max(...used.slice(from, to)) / MEBIBYTE
  const [early, late] = [most(0, third), most(2 * third, used.length)]
  const seconds = (performance.now() - began) / 1000
  console.info(
    `${checked.objects} objects in ${seconds.toFixed(1)} s; heap at most ${early.toFixed(0)} MiB in the first third, ${late.toFixed(0)} MiB in the last`,
  )
  assert.deepEqual(found, { 'incomplete-manifest': 20 })
  assert.equal(checked.objects, 4 * repositories - 20)
  assert.ok(late < early + 16, `heap from ${early} to ${late} MiB`)
})
