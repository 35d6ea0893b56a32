/**
 * The object store's contract on SeaweedFS.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { openOn, realStoreContract } from './stores.ts'

realStoreContract('seaweedfs')

test('it checks neither hashes nor headers of presigned parts, so clients send none', async () => {
  const { store, close } = await openOn('seaweedfs')
  try {
    expect(await store.provesParts()).toBe(false)
  } finally {
    await close()
  }
})
