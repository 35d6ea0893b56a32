/**
 * What is fetched from other registries counts when its manifest comes, and is never refused.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { QUOTAS_KEY, QUOTAS_PREFIX } from '../../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import type { Quotas } from '../../../functions/registry/quotas/quotas.ts'
import { parseReference } from '../../../functions/registry/reference.ts'
import { createRegistry } from '../../../functions/registry/registry.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import { createModel } from '../../interleavings/model.ts'
import {
  blob,
  CONFIG,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
} from '../../support/hosts/content.ts'
import { clientOfApp, expectStatus, plainApp } from '../../support/rig/client.ts'
import { type Around, intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { SERVICES } from '../clean-up/world.ts'
import { countedBy, quotasOf, truthOf } from './truth.ts'

const SET = quotasOf({ repositories: ['team/**'], hard: '10 kB' })
const [quota] = SET.quotas.all
const [OURS, THEIRS, BASE] = [1000, 2000, 4000].map((size) => blob('fetched', size)) as [
  Content,
  Content,
  Content,
]
const PUSHED = imageOf([OURS, BASE])
const FETCHED = imageOf([THEIRS, BASE])
const NAME = 'team/hub'

const sizeOf = (...all: readonly Content[]): number =>
  all.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)

/** A registry with an image of its own. */
const open = async (
  quotas: () => Promise<Quotas> = async () => SET.quotas,
  around: Around = (_, proceed) => proceed(),
) => {
  const { store: plain, clock } = createModel(SERVICES[0]![1])
  await plain.put(QUOTAS_KEY, Buffer.from(SET.text))
  const store = intercept(plain, around)
  const registry = createRegistry({
    store,
    uploadSecret: async () => new Uint8Array(32),
    now: () => clock.now,
    wait: async () => {},
    undeletes: true,
    quotas,
  })
  const send = clientOfApp(plainApp(registry))
  for (const each of [CONFIG, OURS, BASE]) await pushAtOnce(send, 'team/a', each)
  return {
    send,
    fetch: ({ bytes }: Content, tag = 'v1', type = OCI_MANIFEST) =>
      registry.manifests.push(NAME, parseReference(tag), bytes, type, { fetched: true }),
    counted: () => countedBy(plain, quota!),
    truth: async () => (await truthOf(plain, SET.quotas)).get(quota!) ?? 0,
  }
}

describe('a fetched manifest counts', () => {
  test('with its blobs before they come, so that a delete of another image leaves them', async () => {
    const { send, fetch, counted, truth } = await open()
    await pushManifest(send, 'team/a', PUSHED.sha256, PUSHED)
    await fetch(FETCHED)
    const all = sizeOf(CONFIG, BASE, THEIRS, FETCHED)
    expect(await counted()).toBe(all + sizeOf(OURS, PUSHED))
    await expectStatus(202, send(`DELETE /v2/team/a/manifests/${PUSHED.sha256}`))
    expect(await counted()).toBe(all)
    for (const each of [CONFIG, BASE, THEIRS]) await pushAtOnce(send, NAME, each)
    expect(await truth()).toBe(all)
    // It goes as what is pushed does.
    await expectStatus(202, send(`DELETE /v2/${NAME}/manifests/${FETCHED.sha256}`))
    expect(await counted()).toBe(0)
  })

  test('with blobs that are there as large as they are, whatever it says', async () => {
    const { send, fetch, counted, truth } = await open()
    for (const each of [CONFIG, BASE]) await pushAtOnce(send, NAME, each)
    const { layers, ...rest } = JSON.parse(imageOf([BASE]).bytes.toString())
    await fetch(contentOf(JSON.stringify({ ...rest, layers: [{ ...layers[0], size: 1 }] })))
    expect(await counted()).toBe(await truth())
  })

  test('alone, if it is an index: its images count when they are fetched', async () => {
    const { fetch, counted, truth } = await open()
    const index = indexOf([], { manifests: [descriptorOf(OCI_MANIFEST, FETCHED)] })
    await fetch(index, 'v1', OCI_INDEX)
    expect(await counted()).toBe(sizeOf(index))
    expect(await truth()).toBe(sizeOf(index))
  })
})

describe('a fetch goes on', () => {
  test('past the hard limit; a push does not', async () => {
    const { send, fetch, counted } = await open()
    for (const at of [1, 2, 3]) await fetch(imageOf([blob(`large ${at}`, 5000)]), `v${at}`)
    expect(await counted()).toBeGreaterThan(15_000)
    const headers = { 'Content-Type': OCI_MANIFEST }
    await expectStatus(403, send('PUT /v2/team/a/manifests/v1', PUSHED.bytes, headers))
    await expectStatus(200, send(`GET /v2/${NAME}/manifests/v3`))
  })

  test('where the count cannot be written', async () => {
    const { send, fetch } = await open(undefined, async ({ operation, args: [key] }, proceed) => {
      if (operation === 'put' && String(key).startsWith(QUOTAS_PREFIX)) {
        throw new StoreError('unavailable', 'no answer')
      }
      return proceed()
    })
    await fetch(FETCHED)
    await expectStatus(200, send(`GET /v2/${NAME}/manifests/v1`))
  })

  test('where nobody knows the quotas', async () => {
    let away = false
    const { send, fetch } = await open(async () => {
      if (away) throw new StoreError('unavailable', 'the quotas cannot be read')
      return SET.quotas
    })
    away = true
    await fetch(FETCHED)
    await expectStatus(200, send(`GET /v2/${NAME}/manifests/v1`))
  })
})

test.each([
  ['a read and a write of the count where a quota is set', SET.quotas, ['get', 'put']],
  ['nothing elsewhere', quotasOf({ repositories: ['other'] }).quotas, []],
])('it costs %s', async (_, quotas, costs) => {
  const calls: string[] = []
  const { fetch } = await open(
    async () => quotas,
    ({ operation, args: [key] }, proceed) => {
      if (String(key).startsWith(QUOTAS_PREFIX)) calls.push(operation)
      return proceed()
    },
  )
  await fetch(FETCHED)
  // Again, it is noted already.
  await fetch(FETCHED)
  expect(calls).toEqual(costs)
})
