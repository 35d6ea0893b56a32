/**
 * A server whose store is gone is alive, but not ready, and ready again once the store is back.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { FAILED_CALLS } from '../../functions/node/health.ts'
import { type RunningServer, startServer } from '../../functions/node/server.ts'
import type { S3Server } from '../emulators/s3/server.ts'
import { startBucket } from '../support/hosts/start.ts'
import { eventually } from '../support/until.ts'

let s3: S3Server
let server: RunningServer
beforeAll(async () => {
  const bucket = await startBucket()
  s3 = bucket.server
  server = await startServer(readSettings(['--listen=127.0.0.1:0'], bucket.env), bucket.env)
})
afterAll(async () => {
  await server.stop()
  await s3.close()
})

const statusOf = async (path: string): Promise<number> => (await fetch(server.url + path)).status

test('ready, not ready while the store fails, and ready again', async () => {
  expect(await statusOf('/readyz')).toBe(200)
  // Each is repeated by the SDK.
  s3.faults.next({}, { error: 'InternalError' }, 1000)
  const pulls = Array.from({ length: FAILED_CALLS }, (_, n) => statusOf(`/v2/a/manifests/t${n}`))
  expect(await Promise.all(pulls)).toEqual(pulls.map(() => 503))
  expect([await statusOf('/livez'), await statusOf('/readyz')]).toEqual([200, 503])
  s3.faults.clear()
  expect(await statusOf('/v2/a/manifests/t')).toBe(404)
  await eventually(async () => expect(await statusOf('/readyz')).toBe(200))
})
