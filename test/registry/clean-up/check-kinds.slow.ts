/**
 * What a check finds and mends of what the clean-up keeps, on files and on the strict S3.
 *
 * @module
 */

import { STORES } from '../../support/rig/stores.ts'
import { kindsOn } from './check-kinds.ts'

for (const store of STORES) kindsOn(store)
