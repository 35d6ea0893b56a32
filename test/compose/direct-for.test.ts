/**
 * Clients that cannot reach S3, and pages that S3 knows nothing of, get blobs from the server though others are redirected.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'

let bucket: Awaited<ReturnType<typeof startBucket>>
beforeAll(async () => {
  bucket = await startBucket()
})
afterAll(() => bucket.server.close())

/** Networks, the client's address as a proxy tells it, and how a blob is answered. */
const ROWS = [
  ['10.0.0.0/8', '10.1.2.3', 200],
  ['192.0.2.7,10.0.0.0/8', '192.0.2.7', 200],
  ['10.0.0.0/8', '192.0.2.7', 307],
  ['2001:db8::/32', '2001:db8::1', 200],
  ['2001:db8::/32', '10.1.2.3', 307],
] as const

const UI = 'https://ui.example'

for (const [networks, client, status, origin = 'https://other.example'] of [
  ...ROWS,
  ['10.0.0.0/8', '192.0.2.7', 200, UI],
] as const) {
  test(`--direct-for ${networks}: ${client} of ${origin} gets ${status}`, async () => {
    const args = [
      '--listen=127.0.0.1:0',
      '--log-level=silent',
      '--auth=off',
      '--trust-proxy=127.0.0.1',
      `--direct-for=${networks}`,
      `--cors=${UI}`,
    ]
    const server = await startServer(readSettings(args, bucket.env), bucket.env)
    try {
      const path = `${server.url}/v2/app/blobs`
      const pushed = await fetch(`${path}/uploads/?digest=${CONFIG.sha256}`, {
        method: 'POST',
        body: new Uint8Array(CONFIG.bytes),
      })
      assert.equal(pushed.status, 201)
      const answer = await fetch(`${path}/${CONFIG.sha256}`, {
        headers: { 'X-Forwarded-For': client, Origin: origin },
        redirect: 'manual',
      })
      assert.equal(answer.status, status)
      const bytes = Buffer.from(await answer.arrayBuffer())
      if (status === 200) assert.deepEqual(bytes, CONFIG.bytes)
    } finally {
      await server.stop()
    }
  })
}
