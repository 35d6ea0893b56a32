/**
 * Many interleavings of upload operations.
 *
 * @module
 */

import { interleavings } from './uploads.ts'

interleavings(60)
