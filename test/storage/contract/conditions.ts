/**
 * The contract of conditional writes.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { isStoreError } from '../../../functions/storage/errors.ts'
import { bytes, fails, type Subject, textAt } from './harness.ts'

/**
 * Declares the tests.
 *
 * @param exact whether the service is known to look whether there is an object, and to write one, in one step
 */
export const conditionTests = ({ store, test }: Subject, exact: boolean): void => {
  const title = 'exactly one of 30 writers with ifNoneMatch wins'

  test('ifNoneMatch writes only if there is no object', async (base) => {
    const key = `${base}a`
    const condition = { ifNoneMatch: '*' } as const
    const { etag } = await store().put(key, bytes('1'), { condition })
    assert.equal((await store().head(key))?.etag, etag)
    await fails('precondition', store().put(key, bytes('2'), { condition }))
    assert.equal(await textAt(store(), key), '1')
    await store().delete([key])
    await store().put(key, bytes('3'), { condition })
    assert.equal(await textAt(store(), key), '3')
  })

  test('ifMatch writes only over that version', async (base) => {
    const key = `${base}a`
    const first = await store().put(key, bytes('1'))
    const second = await store().put(key, bytes('2'), { condition: { ifMatch: first.etag } })
    await fails(
      'precondition',
      store().put(key, bytes('3'), { condition: { ifMatch: first.etag } }),
    )
    assert.equal(await textAt(store(), key), '2')
    await store().delete([key])
    await fails(
      'precondition',
      store().put(key, bytes('4'), { condition: { ifMatch: second.etag } }),
    )
    assert.equal(await store().head(key), undefined)
  })

  test('a write whose time is over is not sent', async (base) => {
    const key = `${base}late`
    const late = () => false
    await fails('late', store().put(key, bytes('1'), { inTime: late }))
    assert.equal(await store().head(key), undefined)
    const { etag } = await store().put(key, bytes('2'), { inTime: () => true })
    await fails('late', store().put(key, bytes('3'), { inTime: late }))
    await fails(
      'late',
      store().put(key, bytes('4'), { inTime: late, condition: { ifMatch: etag } }),
    )
    assert.equal(await textAt(store(), key), '2')
  })

  test(exact ? title : `${title}, or few at the same moment`, async (base) => {
    for (let round = 0; round < 5; round++) {
      const key = `${base}dir${round}/a`
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, (_, index) =>
          store().put(key, bytes(`writer ${index}`), { condition: { ifNoneMatch: '*' } }),
        ),
      )
      const winners = results.flatMap(({ status }, index) =>
        status === 'fulfilled' ? [index] : [],
      )
      if (exact || winners.length < 1) assert.equal(winners.length, 1)
      else if (winners.length > 1) process.stderr.write(`${winners.length} of 30 writers won\n`)
      for (const result of results) {
        assert.ok(result.status === 'fulfilled' || isStoreError(result.reason, 'precondition'))
      }
      const text = await textAt(store(), key)
      assert.ok(winners.some((index) => text === `writer ${index}`))
      // However many have won: of the condition nobody is relieved.
      const late = store().put(key, bytes('late'), { condition: { ifNoneMatch: '*' } })
      await fails('precondition', late)
      assert.equal(await textAt(store(), key), text)
    }
  })

  test('counters by compare-and-swap are exact', async (base) => {
    const key = `${base}n`
    await store().put(key, bytes('0'))
    const increment = async (): Promise<void> => {
      for (;;) {
        const info = await store().head(key)
        const value = Number(await textAt(store(), key))
        try {
          await store().put(key, bytes(String(value + 1)), { condition: { ifMatch: info!.etag } })
          return
        } catch (error) {
          if (!isStoreError(error, 'precondition')) throw error
        }
      }
    }
    const work = async () => {
      for (let index = 0; index < 10; index++) await increment()
    }
    await Promise.all(Array.from({ length: 6 }, work))
    assert.equal(await textAt(store(), key), '60')
  })
}
