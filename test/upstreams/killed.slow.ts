/**
 * A server that is killed while it fetches: nothing wrong is left, and the next one fetches again.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { dataKey } from '../../functions/registry/layout.ts'
import { until } from '../support/until.ts'
import { findingsIn, openKillable } from './killable.ts'
import { serve, sha256 } from './upstream.ts'

const BLOB = randomBytes(30_000_000)
const DIGEST = sha256(BLOB)

test('what is left of a fetch is nothing', async () => {
  const halves = [15_000_000, BLOB.length]
  const upstream = await serve((request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    response.writeHead(200, { 'content-length': BLOB.length })
    const bytes = BLOB.subarray(0, halves.shift() ?? BLOB.length)
    if (bytes.length < BLOB.length) response.write(bytes)
    else response.end(bytes)
  })
  const { store, start } = await openKillable(upstream.origin)
  const pull = ({ repository }: Awaited<ReturnType<typeof start>>) =>
    fetch(`${repository}/blobs/${DIGEST}`)
  const first = await start()
  const broken = (await pull(first)).body!.getReader()
  let got = 0
  while (got < 14_000_000) got += (await broken.read()).value!.byteLength
  await first.stop()
  const rest = async (): Promise<void> => {
    while (!(await broken.read()).done);
  }
  await expect(rest()).rejects.toThrow()
  expect(await store.head(dataKey(DIGEST))).toBeUndefined()
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('slipway-fetch-'))).toEqual([])

  const second = await start()
  const whole = Buffer.from(await (await pull(second)).arrayBuffer())
  expect(whole.equals(BLOB)).toBe(true)
  await until(async () => (await store.head(dataKey(DIGEST)))?.size === BLOB.length)
  await second.stop()
  expect(await findingsIn(store)).toEqual([])
})
