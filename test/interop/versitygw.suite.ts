/**
 * The object store's contract on versitygw, and parts that clients send there themselves.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { presignedPartTests } from '../registry/presigned-parts.ts'
import { openOn, realStoreContract } from './stores.ts'

realStoreContract('versitygw')

describe('parts that clients send', () => presignedPartTests(() => openOn('versitygw')))

test('deletes are not exact, which its name tells, and a race without it', async () => {
  const { store, close } = await openOn('versitygw')
  expect(await store.deletesExactly()).toBe(false)
  expect(await store.losesWrites?.()).toBe(true)
  await close()
})
