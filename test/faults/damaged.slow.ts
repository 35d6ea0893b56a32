/**
 * One damaged object costs itself only, on files and on the strict S3.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { damagedObjects } from './damaged.ts'

for (const store of STORES) damagedObjects(store)
