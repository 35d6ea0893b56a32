import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { it } from 'vitest'
import { openOn } from './harness.ts'

it('large bodies reuse connections, and are sent without waiting', async (t) => {
  const sockets = new Set<Socket>()
  const expects: (string | undefined)[] = []
  const store = await openOn(t, (request, response) => {
    sockets.add(request.socket)
    expects.push(request.headers.expect)
    request.resume().on('end', () => response.setHeader('ETag', '"1"').end())
  })
  const upload = { key: 'a', id: 'u' }
  for (const number of [1, 2, 3]) {
    await store.uploadPart(upload, number, new Uint8Array(5 * 1024 * 1024))
  }
  assert.equal(sockets.size, 1)
  assert.deepEqual(expects, [undefined, undefined, undefined])
})
