/**
 * Metrics that CloudWatch counts from the lines of requests, as functions/compose/embedded-metrics.ts writes them.
 *
 * Each is billed as a custom metric, 0.30 USD a month, for the hours in which it counts something.
 *
 * @module
 */

import { Names } from 'aws-cdk-lib'
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { type COUNTED, SERVICE, TIMED } from '../functions/compose/metric-names.ts'
import { PERIOD } from './metrics.ts'

/** What dashboard and alarms show of them. */
export interface EmbeddedMetrics {
  /** Namespace, for the functions. */
  readonly namespace: string
  /** Milliseconds at a percentile, a line for each kind of request that there was. */
  readonly times: (percentile: number) => MathExpression
  /** Of all requests together, as a sum. */
  readonly sum: (name: (typeof COUNTED)[number]['Name'], label: string) => Metric
}

/** Those of a registry. @param scope the registry, whose name in the stack is part of the namespace */
export const embeddedMetrics = (scope: Construct): EmbeddedMetrics => {
  const namespace = `Slipway/${Names.uniqueResourceName(scope, { maxLength: 100 })}/Requests`
  return {
    namespace,
    times: (percentile) =>
      new MathExpression({
        expression: `SEARCH('{"${namespace}",service,handler} MetricName="${TIMED.Name}"', 'p${percentile}', ${PERIOD.toSeconds()})`,
        usingMetrics: {},
        label: '',
        period: PERIOD,
      }),
    sum: (metricName, label) =>
      new Metric({
        namespace,
        metricName,
        dimensionsMap: { service: SERVICE },
        statistic: Stats.SUM,
        period: PERIOD,
        label,
      }),
  }
}
