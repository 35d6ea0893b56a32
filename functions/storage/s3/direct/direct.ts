/**
 * The door to a second, small S3 client, for what a registry does most: reads, writes and deletes of objects, pages
 * of keys, presigned URLs. Nothing else in this folder is imported from outside.
 *
 * Most of what a small request costs this process is the SDK resolving endpoints, schemas and
 * middleware, the same each time. Milliseconds of CPU per call, on idle cores, and the lowest of
 * five rounds on busy ones:
 *
 * | call | SDK | direct | SDK, busy | direct, busy |
 * |---|---|---|---|---|
 * | GET of a small object | 1.1 | 0.40 | 1.15 | 0.47 |
 * | list, ten keys | 1.4 | 0.55 | 1.48 | 0.63 |
 * | list, 1000 prefixes | | | 5.26 | 1.30 |
 * | presign | 0.4 | 0.06 | 0.47 | 0.08 |
 *
 * It uses the address, credentials, clock and connections of the SDK's client, and takes only
 * responses that are clear: the object, or that there is none; that it is written or gone, or another version is there;
 * a page of keys. The SDK repeats any
 * other request, with its retries and all it knows about failures.
 *
 * test/storage/s3/direct/compare.slow.ts compares both, request by request, so that it fails if an
 * upgraded SDK signs or sends differently. `--s3-direct off` leaves everything to the SDK.
 *
 * @module
 */

import type { DirectClient, ReportFallback, Sdk } from '../direct-client.ts'
import type { Place } from '../place.ts'
import { namingFailures } from './body.ts'
import { createDelete } from './delete.ts'
import { createGet, createHead } from './get.ts'
import { createList } from './list.ts'
import { createPresign } from './presign.ts'
import { createPut } from './put.ts'
import { createRequests } from './requests.ts'

export { readingUpTo } from './sockets.ts'

/** Opens the second client of a bucket. Sends nothing yet. */
export const openDirect = (place: Place, sdk: Sdk, report: ReportFallback): DirectClient => {
  const requests = createRequests(place, sdk)
  return {
    get: createGet(requests, report),
    head: createHead(requests, report),
    list: createList(requests, report),
    put: createPut(place, requests, report),
    ...createDelete(requests, report),
    presign: createPresign(requests),
    body: namingFailures,
  }
}
