/**
 * Staged bytes that are overwritten, on the file store.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { overwrittenUploads, SMALL_WAYS } from './overwritten.ts'

overwrittenUploads(STORES[0]!, SMALL_WAYS)
