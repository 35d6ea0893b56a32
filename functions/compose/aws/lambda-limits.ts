/**
 * What Lambda behind an API Gateway HTTP API can carry and finish, and what to do beyond that.
 *
 * An event is at most 6 MB of JSON with the body in base64, and the gateway waits 30 s for a response.
 * The gateway itself refuses larger requests, with its own message, which cannot be changed.
 *
 * @module
 */

import type { BodyLimit } from '../../api/env.ts'
import type { UploadLimits } from '../../registry/uploads/limits.ts'

const SERVER = 'a Node server of Slipway on the same bucket'

/** Limit of request bodies. */
export const BODY_LIMIT: BodyLimit = {
  bytes: 4_500_000,
  instead: `push with regctl, after \`regctl registry set HOST --blob-max 4500000 --blob-chunk 4500000\`, or to ${SERVER}`,
}

/** What to do with what is too large, where uploads can go to another host. */
const atOrigin = (uploadOrigin: string): string =>
  `push to ${new URL(uploadOrigin).host}/NAME, which takes layers of any size`

/** Limit of request bodies, where there is this upload origin. */
export const bodyLimit = (uploadOrigin: string | undefined): BodyLimit =>
  uploadOrigin === undefined ? BODY_LIMIT : { ...BODY_LIMIT, instead: atOrigin(uploadOrigin) }

/** Limits of blobs: S3 copies 10 GB in about 20 s, and a function reads and hashes 1 GB in as long. */
export const UPLOAD_LIMITS: UploadLimits = {
  blob: 10_000_000_000,
  readBack: 1_000_000_000,
  parts: 0,
  instead: `push it to ${SERVER}`,
}

/** Limits of blobs, where there is this upload origin. */
export const uploadLimits = (uploadOrigin: string | undefined): UploadLimits =>
  uploadOrigin === undefined ? UPLOAD_LIMITS : { ...UPLOAD_LIMITS, instead: atOrigin(uploadOrigin) }
