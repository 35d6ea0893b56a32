/**
 * One damaged object costs itself only, on the file store.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { damagedObjects } from './damaged.ts'

damagedObjects(STORES[0]!)
