/**
 * The contract's races between writes and deletes, many of them.
 *
 * @module
 */
import { describe } from 'vitest'
import { STORES } from '../support/rig/stores.ts'
import { deleteTests } from './contract/deletes.ts'
import { subjectOf } from './contract/harness.ts'

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store } = await open()
    deleteTests(
      subjectOf(() => store),
      true,
      1_000,
    )
  })
}
