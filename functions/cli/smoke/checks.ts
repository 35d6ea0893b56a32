/**
 * All checks, in the order in which they are made.
 *
 * @module
 */

import type { Check } from './check.ts'
import { accessChecks } from './checks/access.ts'
import { blobChecks } from './checks/blobs.ts'
import { bodyChecks } from './checks/bodies.ts'
import { connectionChecks } from './checks/connection.ts'
import { GIGABYTE, putAtEdge } from './checks/edge.ts'
import { largeChecks, uploadHostChecks } from './checks/large.ts'
import { listingChecks } from './checks/listings.ts'
import { manifestChecks } from './checks/manifests.ts'
import { pushChecks } from './checks/push.ts'
import { requestChecks } from './checks/requests.ts'
import { cleanupCheck } from './cleanup.ts'

const AT_UPLOAD_HOST = ['challenge', 'manifest-head', 'patch-50MB', 'put-50MB']

const twice = [...accessChecks, ...manifestChecks, ...largeChecks].filter(({ id }) =>
  AT_UPLOAD_HOST.includes(id),
)

/** All checks but those that cost something. The last one deletes what the others pushed. */
export const CHECKS: readonly Check[] = [
  ...connectionChecks,
  ...accessChecks,
  ...pushChecks,
  ...bodyChecks,
  ...manifestChecks,
  ...blobChecks,
  ...listingChecks,
  ...requestChecks,
  ...largeChecks,
  ...uploadHostChecks(twice),
  cleanupCheck,
]

/** The same, with 1 GB pushed before what was pushed is deleted. */
export const CHECKS_WITH_GIGABYTE: readonly Check[] = [
  ...CHECKS.slice(0, -1),
  putAtEdge(GIGABYTE),
  cleanupCheck,
]
