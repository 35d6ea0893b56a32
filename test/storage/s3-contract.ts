/**
 * The contract on the strict S3, below a prefix.
 *
 * @module
 */

import { createS3Store, type S3StoreOptions } from '../../functions/storage/s3/store.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { storeContract } from './contract.ts'

/** Defines the contract's tests. @param options what the store has beside the address */
export const s3Contract = (name: string, options: Partial<S3StoreOptions> = {}): void =>
  storeContract(
    name,
    async () => {
      const { endpoint, region, bucket, accessKeyId, secretAccessKey, close } = await startS3()
      const store = createS3Store({
        bucket,
        prefix: 'some/registry',
        region,
        endpoint,
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        ...options,
      })
      return { store, close }
    },
    { presigns: true, memory: 'not' },
  )
