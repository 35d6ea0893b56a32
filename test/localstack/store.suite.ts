/**
 * The object store's contract on LocalStack's S3, in a bucket without versions and in one with.
 *
 * @module
 */

import { createS3Store } from '../../functions/storage/s3/store.ts'
import { storeContract } from '../storage/contract.ts'
import { createBucket, startLocalStack } from './support/start.ts'

const openIn = (versions: boolean) => async () => {
  const localStack = await startLocalStack(['s3'])
  try {
    const made = await createBucket(localStack, 'registry', versions)
    const { bucket, region, endpoint, accessKeyId, secretAccessKey } = made
    const credentials = { accessKeyId, secretAccessKey }
    const store = createS3Store({ bucket, region, endpoint, credentials, forcePathStyle: true })
    return { store, close: localStack.close }
  } catch (error) {
    await localStack.close()
    throw error
  }
}

/** What docs/s3-servers.md says of it; the suite fails if one of these passes. */
const KNOWN: Parameters<typeof storeContract>[2] = {
  presigns: true,
  limit: 120_000,
  // Measured on the other stores, in a process of its own.
  memory: 'not',
  // Writers of a new key that come at the same moment have a lock each.
  inexactCreates: true,
  deviations: [
    // It responds 206 to a suffix of an empty object.
    'no range of an empty object is satisfiable',
    // It compares keys with an encoded start-after: what is not ASCII comes again.
    'listings are as the model has them',
    'a prefix may end within a segment, and startAfter within a roll-up',
    // It completes an upload in which a part is named twice.
    'a completion that names other parts than stored fails and can be corrected',
    // It ignores response-content-type on HEAD.
    'a URL may set the type of its responses',
    // It checks no signature, unless S3_SKIP_SIGNATURE_VALIDATION is 0.
    'a URL is valid for one method',
  ],
}

storeContract('localstack', openIn(false), {
  ...KNOWN,
  silent: {
    // After it has refused a body for its checksum, it never serves the object that stays.
    tests: ['a body with another SHA-256 is refused and stores nothing'],
    milliseconds: 5_000,
  },
})
storeContract('localstack with versions', openIn(true), KNOWN)
