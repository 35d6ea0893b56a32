/**
 * `slipway check` and the clean-up: damaged markers, condemned links, and links that a repair writes.
 *
 * @module
 */

import { afterAll, expect, test } from 'vitest'
import { type CheckOptions, checkStore } from '../../../functions/registry/check/check.ts'
import type { Finding } from '../../../functions/registry/check/finding.ts'
import {
  type MarkerState,
  newNonce,
  readMarker,
  writeMarker,
} from '../../../functions/registry/clean-up/marker.ts'
import { layerLinkKey, markerKey, revisionLinkKey } from '../../../functions/registry/layout.ts'
import { writeLink } from '../../../functions/registry/links.ts'
import { blob, CONFIG, imageOf } from '../../support/hosts/content.ts'
import { clientOf } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { openFiles } from '../../support/rig/stores.ts'

const HOUR = 60 * 60_000
const { store, close } = await openFiles()
afterAll(close)

const check = async (options: Partial<CheckOptions> = {}) => {
  const found: (Finding & { readonly mended: string | undefined })[] = []
  await checkStore(store, {
    repair: false,
    verify: false,
    now: Date.now,
    wait: async () => {},
    report: (finding, mended) => void found.push({ ...finding, mended }),
    progress: () => false,
    ...options,
  })
  return found
}

const LAYER = blob('checked', 100)
const IMAGE = imageOf([LAYER])
const send = await clientOf(store)
for (const each of [CONFIG, LAYER]) await pushAtOnce(send, 'app', each)
await pushManifest(send, 'app', 'v1', IMAGE)

test('markers and condemned links are nothing to be found', async () => {
  // Of a claim see check-kinds.ts: it counts for less than an hour.
  const states: readonly MarkerState[] = ['condemned', 'gone', 'rescued']
  for (const state of states) {
    const marker = { state, nonce: newNonce() }
    await writeMarker(store, blob(state, 10).sha256, marker, { ifNoneMatch: '*' })
  }
  await writeLink(store, layerLinkKey('app', LAYER.sha256), LAYER.sha256, { condemned: newNonce() })
  expect(await check()).toEqual([])
})

test('a damaged marker is found, and given up when no claim of its age holds', async () => {
  const { sha256 } = blob('damaged', 10)
  await store.put(markerKey(sha256), Buffer.from('forgiven'))
  const [young] = await check({ repair: true })
  expect(young).toMatchObject({ kind: 'damaged-marker', digest: sha256, mended: undefined })
  const later = () => Date.now() + HOUR
  expect(await check({ now: later })).toMatchObject([{ kind: 'damaged-marker' }])
  const [old] = await check({ repair: true, now: later })
  expect(old?.mended).toMatch(/may have been deleted/)
  expect((await readMarker(store, sha256, () => {}))?.marker?.state).toBe('gone')
  expect(await check({ now: later })).toEqual([])
})

test.each([
  ['condemned', true],
  ['claimed', false],
] as const)('a repair links a manifest whose data is %s: %s', async (state, links) => {
  const key = revisionLinkKey('app', IMAGE.sha256)
  await store.delete([key, markerKey(IMAGE.sha256)])
  await writeMarker(store, IMAGE.sha256, { state, nonce: newNonce() }, { ifNoneMatch: '*' })
  await check({ repair: true })
  expect((await store.head(key)) !== undefined).toBe(links)
  const now = (await readMarker(store, IMAGE.sha256, () => {}))?.marker?.state
  expect(now).toBe(links ? 'rescued' : state)
})
