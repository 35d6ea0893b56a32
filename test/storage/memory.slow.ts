/**
 * What large objects take of memory, of the contract of both stores.
 *
 * @module
 */

import { createS3Store } from '../../functions/storage/s3/store.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { openBucket, openFiles } from '../support/rig/stores.ts'
import { storeContract } from './contract.ts'

const withPartChecksums = async () => {
  const s3 = await startS3()
  const { bucket, region, endpoint } = s3
  const options = { bucket, region, endpoint, credentials: s3, forcePathStyle: true }
  return { store: createS3Store({ ...options, partChecksums: true }), close: s3.close }
}

storeContract('file', openFiles, { presigns: false, memory: 'only' })
storeContract('s3', openBucket, { presigns: true, memory: 'only' })
storeContract('s3 with part checksums', withPartChecksums, { presigns: true, memory: 'only' })
