/**
 * The index while the delete of a whole repository goes on: what is older is not found, what it spares is found again.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
import { rulesInForce } from '../../functions/registry/retention/in-force.ts'
import { begin } from '../../functions/registry/whole/begin.ts'
import { finishWhole } from '../../functions/registry/whole/finish.ts'
import { bring } from '../../functions/search/keep.ts'
import { mend } from '../../functions/search/mend.ts'
import { createModel } from '../interleavings/model.ts'
import { imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { indexed, searching } from './rig.ts'

const DAY = 24 * 60 * 60_000
const IMAGE = imageOf().sha256

const whole = { name: 'app', tags: new Set<string>(), digests: new Set<string>(), whole: true }
const IMMUTABLE = { version: 1, immutable: [{ repositories: ['app'], tags: ['v1'] }] }

test('a delete that goes on', async () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store, { now: () => clock.now, cleanUp: true })
  for (const tag of ['v1', 'v2']) await pushImage(send, 'app', tag, [])
  clock.now += DAY
  await mend(store)
  const rules = () => rulesInForce(store)
  await begin(store, 'app', { rules })
  await bring(store, [whole])
  expect(await indexed(store)).toEqual({ app: { tags: {}, manifests: [] } })
  const search = await searching(store)
  const { body } = await expectStatus(200, search('GET /api/v1/search?q=app'))
  expect(JSON.parse(body.toString()).results).toEqual([])
  // An older event that comes late brings nothing back.
  await bring(store, [{ ...whole, tags: new Set(['v2']), whole: false }])
  expect(await indexed(store)).toEqual({ app: { tags: {}, manifests: [] } })
  // Set since: it is spared.
  await store.put(RETENTION_KEY, Buffer.from(JSON.stringify(IMMUTABLE)))
  clock.now += 2_000
  await finishWhole(store, { undelete: 3 * DAY, isOver: () => false, now: () => clock.now, rules })
  // Whoever comes to the bucket, for whatever reason, looks again: what is immutable was spared.
  await bring(store, [{ ...whole, tags: new Set(['other']), whole: false }])
  expect(await indexed(store)).toEqual({ app: { tags: { v1: IMAGE }, manifests: [IMAGE] } })
  expect((await mend(store)).stale).toBe(0)
})
