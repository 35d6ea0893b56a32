/**
 * Nobody is told that there is what cannot be pulled, on files and on the strict S3.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { goneData } from './gone-data.ts'

for (const store of STORES) goneData(store)
