/**
 * The contract of presigned URLs, for stores that have them.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { bytes, type Subject } from './harness.ts'

/** Declares the tests. */
export const presignTests = ({ store, test }: Subject): void => {
  const sign = async (method: 'GET' | 'HEAD', base: string): Promise<string> => {
    const key = `${base}a+b/ä c`
    await store().put(key, bytes('0123456789'))
    const url = await store().presign?.(method, key, { expiresIn: 60 })
    assert.ok(url)
    return url
  }

  test('a URL for GET serves the object and its ranges', async (base) => {
    const url = await sign('GET', base)
    const whole = await fetch(url)
    assert.deepEqual([whole.status, await whole.text()], [200, '0123456789'])
    const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
    assert.deepEqual([part.status, await part.text()], [206, '234'])
  })

  test('a URL for HEAD gives the length', async (base) => {
    const answer = await fetch(await sign('HEAD', base), { method: 'HEAD' })
    assert.deepEqual([answer.status, answer.headers.get('content-length')], [200, '10'])
  })

  test('a URL may set the type of its responses', async (base) => {
    const key = `${base}typed`
    const contentType = 'application/vnd.oci.image.index.v1+json'
    await store().put(key, bytes('{}'))
    for (const method of ['GET', 'HEAD'] as const) {
      const url = await store().presign?.(method, key, { expiresIn: 60, contentType })
      const answer = await fetch(url ?? '', { method })
      await answer.body?.cancel()
      const { headers } = answer
      assert.deepEqual([answer.status, headers.get('content-type')], [200, contentType], method)
      assert.equal(headers.get('content-length'), '2', method)
    }
  })

  test('a URL is valid for one method', async (base) => {
    assert.equal((await fetch(await sign('GET', base), { method: 'HEAD' })).status, 403)
    const answer = await fetch(await sign('HEAD', base))
    await answer.body?.cancel()
    assert.equal(answer.status, 403)
  })

  test('a URL requires nothing from its holder but its own parameters', async (base) => {
    for (const method of ['GET', 'HEAD'] as const) {
      const { searchParams } = new URL(await sign(method, base))
      for (const name of searchParams.keys()) assert.match(name, /^X-Amz-/)
      assert.equal(searchParams.get('X-Amz-SignedHeaders'), 'host')
      assert.equal(searchParams.get('X-Amz-Expires'), '60')
    }
  })
}
