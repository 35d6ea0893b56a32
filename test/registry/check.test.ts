/**
 * What `slipway check` finds and mends, on the file store.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { checksOf } from './check.ts'

checksOf(STORES[0]!)
