/**
 * The metrics of a registry that AWS keeps at no cost.
 *
 * @module
 */

import { Duration } from 'aws-cdk-lib'
import type { CfnApi } from 'aws-cdk-lib/aws-apigatewayv2'
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'

/** The time between two points. */
export const PERIOD = Duration.minutes(5)

/** With fewer requests than this in a {@link PERIOD}, a rate of 5xx says nothing. */
const FEW = 20

/** The same for 4xx, which are part of every log-in and of every push. */
const FEW_REFUSALS = 200

/** The metrics that alarms and dashboard show. */
export interface RegistryMetrics {
  readonly requests: Metric
  readonly clientErrors: Metric
  readonly serverErrors: Metric
  /** Percentage of 5xx responses; 0 if there were only a few requests. */
  readonly serverErrorRate: MathExpression
  /** Percentage of 4xx responses; 0 if there were only a few requests. */
  readonly clientErrorRate: MathExpression
  /** Milliseconds from request to response, at a percentile. */
  readonly latency: (percentile: number) => Metric
  /** Milliseconds of the function, at a percentile. */
  readonly duration: (percentile: number) => Metric
  /** Events that ended without a response: exceptions, timeouts, out of memory. */
  readonly functionErrors: Metric
  /** Events that found no free instance. */
  readonly throttles: Metric
  readonly concurrent: Metric
}

/** The metrics of a gateway and the function behind it. */
export const registryMetrics = (api: CfnApi, registryFunction: IFunction): RegistryMetrics => {
  const gateway = (metricName: string, statistic: string, label: string): Metric =>
    new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiId: api.ref },
      statistic,
      label,
      period: PERIOD,
    })
  const requests = gateway('Count', Stats.SUM, 'requests')
  const clientErrors = gateway('4xx', Stats.SUM, '4xx')
  const serverErrors = gateway('5xx', Stats.SUM, '5xx')
  const period = PERIOD
  const rate = (label: string, errors: Metric, few: number): MathExpression =>
    new MathExpression({
      expression: `IF(requests >= ${few}, 100 * errors / requests, 0)`,
      usingMetrics: { requests, errors },
      label: `${label}, percent of requests`,
      period,
    })
  return {
    requests,
    clientErrors,
    serverErrors,
    serverErrorRate: rate('5xx', serverErrors, FEW),
    clientErrorRate: rate('4xx', clientErrors, FEW_REFUSALS),
    latency: (percentile) => gateway('Latency', Stats.percentile(percentile), `p${percentile}`),
    duration: (percentile) =>
      registryFunction.metricDuration({
        statistic: Stats.percentile(percentile),
        label: `p${percentile}`,
        period,
      }),
    functionErrors: registryFunction.metricErrors({ label: 'failed', period }),
    throttles: registryFunction.metricThrottles({ label: 'throttled', period }),
    concurrent: registryFunction.metric('ConcurrentExecutions', {
      statistic: Stats.MAXIMUM,
      label: 'at once',
      period,
    }),
  }
}
