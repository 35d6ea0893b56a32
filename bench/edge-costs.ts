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
