/**
 * What Lambda behind API Gateway's HTTP API can carry and bring to an end, and what to do instead.
 *
 * An event is at most 6 MB of JSON, a body in it base64, and the gateway waits 30 s for an answer.
 * What is over the first never comes here: the gateway refuses it in words of its own.
 *
 * @module
 */

import type { BodyLimit } from '../../api/env.ts'
import type { UploadLimits } from '../../registry/uploads/limits.ts'

const SERVER = 'a Node server of Slipway on the same bucket'

/** Bodies. */
export const BODY_LIMIT: BodyLimit = {
  bytes: 4_500_000,
  instead: `push with regctl, after \`regctl registry set HOST --blob-max 4500000 --blob-chunk 4500000\`, or to ${SERVER}`,
}

/** Blobs: S3 copies 10 GB in some 20 s, and a function reads and hashes 1 GB in about as many. */
export const UPLOAD_LIMITS: UploadLimits = {
  blob: 10_000_000_000,
  readBack: 1_000_000_000,
  instead: `push it to ${SERVER}`,
}
