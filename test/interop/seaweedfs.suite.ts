/**
 * The object store's contract on SeaweedFS.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { openOn, realStoreContract } from './stores.ts'

realStoreContract('seaweedfs')

test('it checks neither hashes nor headers of presigned parts, so clients send none', async (t) => {
  const { store, close } = await openOn('seaweedfs')
  t.onTestFinished(close)
  expect(await store.provesParts()).toBe(false)
})

test('deletes are exact, as far as a race can tell', async (t) => {
  const { store, close } = await openOn('seaweedfs')
  t.onTestFinished(close)
  expect(await store.deletesExactly()).toBe(true)
  expect(await store.losesWrites?.()).toBe(false)
})
