/**
 * A few interleavings of upload operations; many are in uploads.slow.ts.
 *
 * @module
 */

import { interleavings } from './uploads.ts'

interleavings(2)
