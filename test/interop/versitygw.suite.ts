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

// What a race would find depends on the machine; test/storage/s3/delete-if.test.ts has both its outcomes.
test('deletes are not exact, which its name tells', async (t) => {
  const { store, close } = await openOn('versitygw')
  t.onTestFinished(close)
  expect(await store.deletesExactly()).toBe(false)
})
