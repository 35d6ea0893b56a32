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
import type { EmbeddedMetrics } from './embedded-metrics.ts'
import type { RegistryMetrics } from './metrics.ts'

export interface RegistryDashboardProps {
  readonly metrics: RegistryMetrics
  /** What is counted from the log, if anything is. */
  readonly embedded?: EmbeddedMetrics | undefined
  /** Whether images of other registries are had from here. */
  readonly upstreams: boolean
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

/** What is shown of metrics that are counted from the log. */
const counted = ({ times, sum }: EmbeddedMetrics): GraphWidget[] => [
  graph('Time by what is asked for, p50', [times(50)], 'ms'),
  graph('Time by what is asked for, p99', [times(99)], 'ms'),
  graph('Calls of S3', [sum('storeCalls', 'calls')], 'calls', [sum('storeFailures', 'failed')]),
  graph('Bytes through the functions', [sum('received', 'received'), sum('sent', 'sent')], 'bytes'),
  graph('Refused and failed', [sum('throttled', '429'), sum('serverErrors', '5xx')], 'requests'),
]

/** What is shown of pulls from upstreams. */
const pulledThrough = ({ sum, least }: EmbeddedMetrics): GraphWidget[] => [
  graph(
    'Pulls from upstreams',
    [
      sum('upstreamHits', 'from here'),
      sum('upstreamMisses', 'fetched'),
      sum('upstreamStale', 'stale'),
      sum('upstreamFailures', 'failed'),
    ],
    'pulls',
  ),
  graph('Requests to upstreams', [sum('upstreamErrors', 'too many, or failed')], 'requests', [
    least('upstreamRemaining', 'still given'),
  ]),
  graph('Bytes that upstreams were spared', [sum('upstreamSaved', 'spared')], 'bytes'),
]

/** The dashboard. */
export class RegistryDashboard extends Construct {
  /** Its page in the console. */
  readonly url: string

  constructor(
    scope: Construct,
    id: string,
    { metrics, embedded, upstreams, logGroup }: RegistryDashboardProps,
  ) {
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
      ...(embedded ? counted(embedded) : []),
      ...(embedded && upstreams ? pulledThrough(embedded) : []),
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
