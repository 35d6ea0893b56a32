/**
 * The object store's contract on real S3 servers.
 *
 * @module
 */

import { createS3Store } from '../../functions/storage/s3/store.ts'
import { storeContract } from '../storage/contract.ts'
import { type S3Program, startLiveS3 } from '../support/live/s3.ts'

/** The tests that each server is known to fail; the suite fails if one of them passes. */
const servers: Readonly<Record<S3Program, readonly string[]>> = {
  versitygw: [
    // It stores objects as files, so a key cannot also be a prefix.
    'a key may be an object and a prefix',
    'delete takes keys that are there and keys that are not',
    'keys are in byte order around the slash',
    // It responds 204 to a conditional delete of an object that is not there.
    'deleteIf deletes only that version',
    // It responds 200 to any range of an empty object.
    'no range of an empty object is satisfiable',
    // It omits a rolled-up prefix if startAfter is a key below it.
    'a prefix may end within a segment, and startAfter within a roll-up',
    'listings are as the model has them',
  ],
  seaweedfs: [
    // It treats a backslash as a slash.
    'keys may hold any character, and are told apart',
    // It orders by segments, so `a/b` comes before `a-`.
    'keys are in byte order around the slash',
    'listings are as the model has them',
    // It lists the prefix of deleted keys until a later sweep.
    'what was deleted is no longer listed, nor rolled up',
    // It lists all versions of a replaced part, and completes with an older one.
    'a part that replaces another counts, the other does not',
    'a completion that names other parts than stored fails and can be corrected',
  ],
}

/** Opens a store on a server of its own. */
export const openOn = async (program: S3Program) => {
  const s3 = await startLiveS3(program)
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = s3
  const credentials = { accessKeyId, secretAccessKey }
  const store = createS3Store({ bucket, region, endpoint, credentials, forcePathStyle: true })
  return { store, close: s3.close }
}

/** Declares the contract for one server. Its memory test needs a process of its own. */
export const realStoreContract = (program: S3Program): void => {
  storeContract(program, () => openOn(program), {
    presigns: true,
    // It looks at the version, and then deletes.
    inexactDeletes: program === 'versitygw',
    races: 1_000,
    deviations: servers[program],
  })
}
