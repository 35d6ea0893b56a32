/**
 * What `slipway check` finds and mends, on the strict S3.
 *
 * @module
 */

import { STORES } from '../support/rig/stores.ts'
import { checksOf } from './check.ts'

checksOf(STORES[1]!)
