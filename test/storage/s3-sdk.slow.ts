/**
 * The contract, with every request through the SDK.
 */

import { createS3Store } from '../../functions/storage/s3/store.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { storeContract } from './contract.ts'

storeContract(
  's3 without direct requests',
  async () => {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey, close } = await startS3()
    const store = createS3Store({
      bucket,
      prefix: 'some/registry',
      region,
      endpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      direct: false,
    })
    return { store, close }
  },
  { presigns: true, memory: 'not' },
)
