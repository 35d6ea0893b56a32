/**
 * Metrics counted from the lines of the logs, where AWS keeps none itself.
 *
 * Each is billed as a custom metric, 0.30 USD a month, for the hours in which it counts something.
 *
 * @module
 */

import { Names } from 'aws-cdk-lib'
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { PERIOD } from './metrics.ts'

export interface LogMetricsProps {
  /** Of the functions: a line for each request, and the audit trail. */
  readonly logs: readonly ILogGroup[]
  /** Of the gateway. */
  readonly accessLog: ILogGroup
  /** Of the Web Function, if there is one. */
  readonly webLog?: ILogGroup | undefined
}

/** Counts that alarms watch. */
export class LogMetrics extends Construct {
  /** Log-ins with a wrong password, or refused after too many of them. */
  readonly refusedLogins: Metric
  /** Requests that the gateway answered with 429: beyond its rates, or refused by the registry. */
  readonly tooManyRequests: Metric
  /** Responses of the Web Function with a status of 5xx. */
  readonly webServerErrors: Metric | undefined

  constructor(scope: Construct, id: string, { logs, accessLog, webLog }: LogMetricsProps) {
    super(scope, id)
    // What `auditLog` writes; `login` is the event of a password.
    this.refusedLogins = this.count(
      'RefusedLogins',
      logs,
      '{ ($.audit.event = "login") && ($.audit.outcome = "failed") }',
    )
    this.tooManyRequests = this.count('TooManyRequests', [accessLog], '{ $.status = "429" }')
    this.webServerErrors = webLog && this.count('WebServerErrors', [webLog], '{ $.status >= 500 }')
  }

  /** Counts the lines of some logs that match a pattern. */
  private count(metricName: string, logs: readonly ILogGroup[], pattern: string): Metric {
    const filters = logs.map(
      (logGroup, index) =>
        new MetricFilter(this, `${metricName}${index}`, {
          logGroup,
          metricNamespace: `Slipway/${Names.uniqueResourceName(this, { maxLength: 100 })}`,
          metricName,
          filterPattern: FilterPattern.literal(pattern),
        }),
    )
    // All of them count into the same metric.
    return filters[0]!.metric({ statistic: Stats.SUM, period: PERIOD, label: metricName })
  }
}
