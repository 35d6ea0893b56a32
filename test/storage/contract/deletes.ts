/**
 * The contract of deletes of one version.
 *
 * @module
 */
import { expect } from 'vitest'
import { inBatches } from '../../../functions/shared/parallel.ts'
import { isStoreError } from '../../../functions/storage/errors.ts'
import { bytes, fails, type Subject, textAt } from './harness.ts'

/** Pairs under way at once. */
const AT_ONCE = 16

/**
 * Declares the tests.
 *
 * @param exact whether the service is known to look and delete in one step, whatever it seems to do
 * @param pairs of a write and a delete at once
 */
export const deleteTests = ({ store, test }: Subject, exact: boolean, pairs: number): void => {
  const title = `of ${pairs} writes beside a delete of the version before, none is lost`

  test('deleteIf deletes only that version', async (base) => {
    const key = `${base}a`
    const first = await store().put(key, bytes('1'))
    const second = await store().put(key, bytes('2'))
    await fails('precondition', store().deleteIf(key, first.etag))
    expect(await textAt(store(), key)).toBe('2')
    await store().deleteIf(key, second.etag)
    expect(await store().head(key)).toBeUndefined()
    await fails('precondition', store().deleteIf(key, second.etag))
    await fails('precondition', store().deleteIf(`${base}never`, second.etag))
  })

  test(exact ? title : `${title}, or few are`, async (base) => {
    const lost = await inBatches(
      [...Array(pairs).keys()],
      async (at) => {
        const key = `${base}${at}/link`
        const { etag } = await store().put(key, bytes('before'))
        const [written, deleted] = await Promise.allSettled([
          store().put(key, bytes('after')),
          store().deleteIf(key, etag),
        ])
        expect(written.status).toBe('fulfilled')
        if (deleted.status === 'rejected') {
          expect(isStoreError(deleted.reason, 'precondition'), `${deleted.reason}`).toBe(true)
        }
        const info = await store().head(key)
        if (info === undefined) return 1
        expect(await textAt(store(), key)).toBe('after')
        return 0
      },
      AT_ONCE,
    )
    const count = lost.reduce<number>((sum, each) => sum + each, 0)
    if (exact && (await store().deletesExactly())) expect(count).toBe(0)
    else process.stderr.write(`${count} of ${pairs} writes were lost\n`)
  })

  test('deleteOnce deletes whatever is there', async (base) => {
    const key = `${base}a/data`
    await store().put(key, bytes('1'))
    await store().put(`${base}a/other`, bytes('2'))
    await store().deleteOnce(key)
    expect(await store().head(key)).toBeUndefined()
    expect(await textAt(store(), `${base}a/other`)).toBe('2')
    await store().deleteOnce(key)
    await store().put(key, bytes('3'))
    expect(await textAt(store(), key)).toBe('3')
  })

  test('deleteVersion deletes that write alone, where writes have versions', async (base) => {
    const key = `${base}a/data`
    const versionOf = async (text: string): Promise<string | undefined> => {
      await store().put(key, bytes(text))
      return (await store().head(key))?.version
    }
    // The same bytes: only the version tells the writes apart.
    const first = await versionOf('same')
    const second = await versionOf('same')
    if (first === undefined || second === undefined) return
    await store().deleteVersion(key, first)
    expect(await textAt(store(), key)).toBe('same')
    expect((await store().head(key))?.version).toBe(second)
    await store().deleteVersion(key, first)
    expect((await store().head(key))?.version).toBe(second)
    await store().deleteVersion(key, second)
    expect(await store().head(key)).toBeUndefined()
    await store().deleteVersion(key, second)
    expect(await versionOf('same')).not.toBe(second)
    expect(await textAt(store(), key)).toBe('same')
  })

  test('whether deletes are exact is found out, and leaves nothing', async () => {
    expect(typeof (await store().deletesExactly())).toBe('boolean')
    for (const prefix of ['scratch/', 'slipway/v1/uploads/scratch/']) {
      expect((await store().list(prefix)).objects).toEqual([])
    }
  })
}
