/**
 * What the direct client saves: the same calls through it and through the SDK, on the strict S3 in a
 * process of its own. `npm run bench:micro` prints both; nothing depends on the figures.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { inBatches } from '../../../../functions/shared/parallel.ts'
import { createS3Store } from '../../../../functions/storage/s3/store.ts'
import type { ObjectStore } from '../../../../functions/storage/store.ts'
import { drain } from '../../contract/harness.ts'

let server: ChildProcess
let stores: Readonly<Record<'sdk' | 'direct', ObjectStore>>

beforeAll(async () => {
  server = spawn(process.execPath, [join(import.meta.dirname, '../../../emulators/s3/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(server.stdout!, 'data')) as [Buffer]
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = JSON.parse(line.toString())
  const open = (direct: boolean) =>
    createS3Store({
      ...{ endpoint, region, bucket, direct, prefix: '', forcePathStyle: true },
      partChecksums: false,
      credentials: { accessKeyId, secretAccessKey },
    })
  stores = { sdk: open(false), direct: open(true) }
  const keys = Array.from({ length: 1000 }, (_, index) => `tags/v${index}/current/link`)
  await inBatches(keys, (key) => stores.sdk.put(key, Buffer.from('sha256:0')), 16)
})

afterAll(() => server.kill())

/** The direct client remembers URLs for a while; a key of its own is signed each time. */
let unique = 0

const CALLS: readonly (readonly [string, (store: ObjectStore) => Promise<unknown>])[] = [
  ['GET of a small object', async (store) => drain(await store.get('tags/v1/current/link'))],
  ['a page of 10 keys', (store) => store.list('tags/', { limit: 10 })],
  ['a page of 1000 prefixes', (store) => store.list('tags/', { delimiter: '/' })],
  [
    'a presigned URL',
    (store) => store.presign!('GET', `tags/v${unique++}/current/link`, { expiresIn: 900 }),
  ],
]

for (const [name, call] of CALLS) {
  test(name, async ({ bench }) => {
    await bench.compare(
      bench('the SDK', () => call(stores.sdk)),
      bench('direct', () => call(stores.direct)),
    )
  })
}
