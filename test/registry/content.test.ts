import { expect, test } from 'vitest'
import { createContent } from '../../functions/registry/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'

test('content is read once; what is too large or missing is looked for each time', async () => {
  const { store, close } = await openFiles()
  try {
    const reads: string[] = []
    const content = createContent(
      intercept(store, async (call, proceed) => {
        if (call.operation === 'get') reads.push(String(call.args[0]))
        return proceed()
      }),
    )
    const text = async (key: string, limit: number) => {
      const bytes = await content.get(key, limit)
      return bytes && Buffer.from(bytes).toString()
    }
    expect(await text('later', 9)).toBe(undefined)
    for (const key of ['slipway/v1/five', 'later']) await store.put(key, Buffer.from('bytes'))
    expect(await text('later', 9)).toBe('bytes')
    for (let round = 0; round < 3; round++) {
      expect(await text('slipway/v1/five', 5)).toBe('bytes')
      expect(await text('slipway/v1/five', 4)).toBe(undefined)
    }
    expect(reads.filter((key) => key === 'later')).toHaveLength(2)
    expect(reads.filter((key) => key !== 'later')).toHaveLength(1 + 3)
  } finally {
    await close()
  }
})
