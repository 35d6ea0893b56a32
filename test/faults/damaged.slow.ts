/**
 * One damaged object costs itself only, on the strict S3.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { damagedObjects } from './damaged.ts'

damagedObjects(STORES[1]!)
