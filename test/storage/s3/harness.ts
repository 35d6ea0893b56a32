/**
 * An S3 store on the strict server, or on a listener that responds as that server cannot.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'vitest'
import {
  createS3Store,
  type S3Store,
  type S3StoreOptions,
} from '../../../functions/storage/s3/store.ts'
import { type S3Server, startS3 } from '../../emulators/s3/server.ts'

/** Opens a store on a server of its own, which ends with the test. */
export const openStore = async (
  t: TestContext,
  settings: Partial<S3StoreOptions> = {},
): Promise<{ store: S3Store; s3: S3Server }> => {
  const s3 = await startS3()
  t.onTestFinished(() => s3.close())
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = s3
  const credentials = { accessKeyId, secretAccessKey }
  return {
    s3,
    store: createS3Store({
      bucket,
      region,
      endpoint,
      credentials,
      forcePathStyle: true,
      ...settings,
    }),
  }
}

/** Opens a store whose requests all go to a listener. */
export const openOn = async (
  t: TestContext,
  listener: RequestListener,
  options: Partial<S3StoreOptions> = {},
): Promise<S3Store> => {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return createS3Store({
    bucket: 'b',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    forcePathStyle: true,
    ...options,
  })
}
