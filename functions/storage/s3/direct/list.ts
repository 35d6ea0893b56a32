/**
 * Pages of keys.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import type { DirectClient, Listing, ReportFallback } from '../direct-client.ts'
import { trying, unusual } from './fallback.ts'
import { parseListing } from './listing.ts'
import type { Requests } from './requests.ts'
import { textOf } from './text.ts'

/** The most bytes of a page: 1000 keys of 1024 bytes, all of them percent-encoded. */
const MAX_PAGE = 4 * 1024 * 1024

/**
 * Listings of a bucket. After an unusual page, the SDK reads all later ones, so that a service that
 * writes such pages does not get each request twice.
 */
export const createList = (requests: Requests, report: ReportFallback): DirectClient['list'] => {
  let usual = true
  const send = async (query: Readonly<Record<string, string>>): Promise<Listing> => {
    const response = await requests.bucket(query)
    if (response.statusCode !== 200) throw unusual(response)
    const listing = parseListing((await textOf(response.body as Readable, MAX_PAGE)) ?? '')
    if (listing !== undefined) return listing
    usual = false
    throw new Error('an unusual page: from now on the SDK reads them')
  }
  return async (query) =>
    usual ? trying(`list ${query.prefix}`, report, () => send(query)) : undefined
}
