/**
 * What the edge adds to the dollars of pulls and pushes: its requests and its functions. What it saves, data
 * sent by S3, is in the prices.
 *
 * @module
 */

import type { Errand } from './costs.ts'
import { PRICES } from './prices.ts'

/** GB and seconds of the function for responses of origins, at each of them: 128 MB, a millisecond. */
const ORIGIN_RESPONSE = 0.125 * 0.001

/**
 * Dollars that the edge adds to an errand.
 *
 * @param blobs whether blobs are downloaded from it, rather than from S3
 */
export const edgeCostOf = ({ requests, downloads }: Errand, blobs: boolean): number => {
  const passed = Object.values(requests).reduce((sum, count) => sum + count, 0)
  const each =
    PRICES.edgeRequest.each +
    PRICES.edgeLambda.each +
    ORIGIN_RESPONSE * PRICES.edgeLambdaSecond.each
  const download = PRICES.edgeRequest.each + PRICES.edgeFunction.each
  // S3 is asked for each only as long as the edge has not got it.
  return passed * each + (blobs ? downloads * download : 0)
}

/** Lookups of a public repository `<one>/<two>` that is listed as `<one>/**`. */
const LOOKUPS = 3

/** Dollars of a pull of a public image that the edge has kept, without its bytes: no other service is asked. */
export const keptPullCost = ({ requests, downloads }: Errand): number => {
  const passed = Object.values(requests).reduce((sum, count) => sum + count, 0)
  const lookUp = PRICES.edgeFunction.each + LOOKUPS * PRICES.edgeLookup.each
  const download = PRICES.edgeRequest.each + PRICES.edgeFunction.each
  return passed * (PRICES.edgeRequest.each + lookUp) + downloads * download
}

/** Bytes a second at which strangers pull in the example: 10 Gbit/s. Nothing of ours bounds it. */
const FLOOD = 1.25e9

/** GB and dollars of an hour in which strangers pull a public image from the edge as fast as that. */
export const floodCost = (errand: Errand, imageBytes: number): { gb: number; dollars: number } => {
  const gb = (FLOOD * 3600) / 1e9
  const pulls = (FLOOD * 3600) / imageBytes
  return { gb, dollars: gb * PRICES.edgeOut.each + pulls * keptPullCost(errand) }
}
