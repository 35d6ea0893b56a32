/**
 * Staged bytes that are overwritten, on the strict S3, and those of large blobs.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { LARGE_WAYS, overwrittenUploads, SMALL_WAYS } from './overwritten.ts'

overwrittenUploads(STORES[0]!, LARGE_WAYS)
overwrittenUploads(STORES[1]!, [...SMALL_WAYS, ...LARGE_WAYS])
