/**
 * What a check finds and mends of what the clean-up keeps, on the strict S3.
 *
 * @module
 */

import { STORES } from '../../support/rig/stores.ts'
import { kindsOn } from './check-kinds.ts'

kindsOn(STORES[1]!)
