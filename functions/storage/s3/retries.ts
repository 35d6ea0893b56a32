/**
 * How requests are repeated that S3 refuses or does not answer.
 *
 * @module
 */

import { StandardRetryStrategy } from '@smithy/core/retry'

/** The first attempt and its repetitions. */
const MAX_ATTEMPTS = 6

/**
 * Milliseconds between two attempts at most. By itself the SDK waits up to 31 s in all for a service that throttles. That
 * is longer than API Gateway waits for the response, and all the while the request keeps an instance of a function from
 * others: docs/scale.md. So it is 9 s at most, and half of that on average.
 */
const MAX_DELAY = 2000

/**
 * The SDK's standard strategy, budget included, with shorter waits.
 *
 * @param resending is told before a request is sent again
 */
export const createRetryStrategy = (resending: () => void = () => {}): StandardRetryStrategy => {
  let base = 0
  return new StandardRetryStrategy({
    maxAttempts: MAX_ATTEMPTS,
    backoff: {
      // The SDK calls it before each delay: a second if the service throttles, less otherwise.
      setDelayBase(delay) {
        base = delay
      },
      computeNextBackoffDelay(retries) {
        resending()
        return Math.floor(Math.random() * Math.min(MAX_DELAY, base * 2 ** retries))
      },
    },
  })
}
