/**
 * What a request to a Lambda Web Function can finish: it may take 15 minutes, at 1 Gbit/s at most, and its
 * body may have any size.
 *
 * @module
 */

import type { UploadLimits } from '../../registry/uploads/limits.ts'

/** Limits of blobs: S3 copies 10 GB in about 20 s, and an environment reads 50 GB in seven minutes. */
export const UPLOAD_LIMITS: UploadLimits = {
  blob: 200_000_000_000,
  readBack: 50_000_000_000,
  parts: 50_000_000_000,
  instead: 'push it to a Node server of Slipway on the same bucket',
}
