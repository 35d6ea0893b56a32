/**
 * The part of the contract of both stores that says how much memory large objects take.
 *
 * @module
 */

import { createS3Store, type S3StoreOptions } from '../../functions/storage/s3/store.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { openBucket, openFiles } from '../support/rig/stores.ts'
import { storeContract } from './contract.ts'

const openWith = (wishes: Partial<S3StoreOptions>) => async () => {
  const s3 = await startS3()
  const { bucket, region, endpoint } = s3
  const options = { bucket, region, endpoint, credentials: s3, forcePathStyle: true, ...wishes }
  return { store: createS3Store(options), close: s3.close }
}
const withPartChecksums = openWith({ partChecksums: true })
const bySdk = openWith({ direct: false })

storeContract('file', openFiles, { presigns: false, memory: 'only' })
storeContract('s3', openBucket, { presigns: true, memory: 'only' })
storeContract('s3 without direct requests', bySdk, { presigns: true, memory: 'only' })
storeContract('s3 with part checksums', withPartChecksums, { presigns: true, memory: 'only' })
