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
import { type COUNTED, SERVICE, type Through, TIMED } from '../functions/compose/metric-names.ts'
import { PERIOD } from './metrics.ts'

/** What dashboard and alarms show of them. */
export interface EmbeddedMetrics {
  /** Namespace, for the functions. */
  readonly namespace: string
  /** Milliseconds at a percentile, a line for each kind of request that there was. */
  readonly times: (percentile: number) => MathExpression
  /** Of all requests together, as a sum. */
  readonly sum: (name: (typeof COUNTED)[number]['Name'] | Through, label: string) => Metric
  /** The least that was said. */
  readonly least: (name: Through, label: string) => Metric
}

/** Those of a registry. @param scope the registry, whose name in the stack is part of the namespace */
export const embeddedMetrics = (scope: Construct): EmbeddedMetrics => {
  const namespace = `Slipway/${Names.uniqueResourceName(scope, { maxLength: 100 })}/Requests`
  const metric = (metricName: string, statistic: string, label: string): Metric =>
    new Metric({
      namespace,
      metricName,
      dimensionsMap: { service: SERVICE },
      statistic,
      period: PERIOD,
      label,
    })
  return {
    namespace,
    times: (percentile) =>
      new MathExpression({
        expression: `SEARCH('{"${namespace}",service,handler} MetricName="${TIMED.Name}"', 'p${percentile}', ${PERIOD.toSeconds()})`,
        usingMetrics: {},
        label: '',
        period: PERIOD,
      }),
    sum: (name, label) => metric(name, Stats.SUM, label),
    least: (name, label) => metric(name, Stats.MINIMUM, label),
  }
}
