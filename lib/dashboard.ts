/**
 * A CloudWatch dashboard: requests, errors, times.
 *
 * It costs 3 USD a month; the first three dashboards of an account are free.
 *
 * @module
 */

import { Duration, Stack } from 'aws-cdk-lib'
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryVisualizationType,
  LogQueryWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { RegistryMetrics } from './metrics.ts'

export interface RegistryDashboardProps {
  readonly metrics: RegistryMetrics
  /** The log of the function. */
  readonly logGroup: ILogGroup
}

const graph = (title: string, left: IMetric[], unit: string, right: IMetric[] = []): GraphWidget =>
  new GraphWidget({
    title,
    width: 12,
    left,
    right,
    leftYAxis: { min: 0, label: unit, showUnits: false },
    rightYAxis: { min: 0, showUnits: false },
  })

/** The dashboard. */
export class RegistryDashboard extends Construct {
  /** Its page in the console. */
  readonly url: string

  constructor(scope: Construct, id: string, { metrics, logGroup }: RegistryDashboardProps) {
    super(scope, id)
    const { region } = Stack.of(this)
    const dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.days(1) })
    dashboard.addWidgets(
      graph('Requests', [metrics.requests], 'requests', [
        metrics.clientErrors,
        metrics.serverErrors,
      ]),
      graph('Response time', [metrics.latency(50), metrics.latency(99)], 'ms'),
      graph('Duration of the function', [metrics.duration(50), metrics.duration(99)], 'ms'),
      graph('Instances', [metrics.concurrent], 'at once', [
        metrics.throttles,
        metrics.functionErrors,
      ]),
      new LogQueryWidget({
        title: 'Latest errors',
        width: 24,
        view: LogQueryVisualizationType.TABLE,
        logGroupNames: [logGroup.logGroupName],
        queryLines: [
          'fields @timestamp, msg, method, path, status, err.message, requestId',
          'filter level in ["error", "ERROR"]',
          'sort @timestamp desc',
          'limit 20',
        ],
      }),
    )
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboard.dashboardName}`
  }
}
