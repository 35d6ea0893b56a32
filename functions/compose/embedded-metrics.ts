/**
 * Metrics in CloudWatch's embedded format: the line that the log has for each request says what of it CloudWatch is
 * to count. It costs no call, and some 600 bytes of the log. Loaded only with `--metrics-namespace`.
 *
 * @module
 */

import type { Measure } from '../api/env.ts'
import { kindOf } from '../api/request-kind.ts'
import { aroundCalls } from '../storage/around.ts'
import { outcomeOf } from '../storage/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { UpstreamWatch } from '../upstreams/watch.ts'
import { countUpstreams } from './embedded-upstreams.ts'
import { COUNTED, SERVICE, TIMED } from './metric-names.ts'

/** Who counts. */
export interface EmbeddedMetrics {
  /** The same store, whose calls are counted. */
  readonly store: (store: ObjectStore) => ObjectStore
  readonly measure: Measure
  readonly upstreams: UpstreamWatch
}

/** @param now clock in milliseconds since 1970 */
export const embeddedMetrics = (
  namespace: string,
  now: () => number = Date.now,
): EmbeddedMetrics => {
  // Since the line before: sums are right, whichever of several requests made a call.
  let calls = 0
  let failures = 0
  const upstreams = countUpstreams()
  const directive = (dimensions: readonly string[], metrics: readonly object[]) => ({
    Namespace: namespace,
    Dimensions: [dimensions],
    Metrics: metrics,
  })
  return {
    store: (store) =>
      aroundCalls(store, async (_, __, call) => {
        calls += 1
        try {
          return await call()
        } catch (error) {
          if (outcomeOf(error) !== 'refused') failures += 1
          throw error
        }
      }),
    upstreams: upstreams.watch,
    measure({ method, path, status }) {
      const counted = { storeCalls: calls, storeFailures: failures }
      calls = 0
      failures = 0
      const { values, metrics } = upstreams.take()
      return {
        service: SERVICE,
        handler: kindOf(method, path).handler,
        serverErrors: status >= 500 ? 1 : 0,
        throttled: status === 429 ? 1 : 0,
        ...counted,
        ...values,
        _aws: {
          Timestamp: now(),
          CloudWatchMetrics: [
            directive(['service', 'handler'], [TIMED]),
            directive(['service'], [...COUNTED, ...metrics]),
          ],
        },
      }
    },
  }
}
