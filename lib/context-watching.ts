/**
 * What can be set of logs, traces, alarms and the dashboard.
 *
 * @module
 */

import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import * as z from 'zod'
import { arn, handlerSetting, integer, onOff, retention } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** Context values by name; see `CONTEXT`. */
export const WATCHING = {
  logLevel: contextValue(
    handlerSetting('log-level').optional(),
    'info',
    'debug, info, warn, error or silent',
  ),
  logRetention: contextValue(
    retention.default(RetentionDays.ONE_MONTH),
    '30',
    'days for which logs are kept',
  ),
  bucketLogDays: contextValue(
    integer(1, 3650).optional(),
    'no log',
    "days for which S3's access log of a new bucket is kept, in a second bucket: each download of a blob",
  ),
  tracing: contextValue(onOff.default(false), 'off', 'X-Ray traces of the function behind the API'),
  alarms: contextValue(
    onOff.default(true),
    'on',
    'alarms for errors, slowness, throttling and refused log-ins',
  ),
  alarmEmail: contextValue(
    z.email('expected an address').optional(),
    'nobody',
    'address that alarms are sent to, once the recipient has confirmed',
  ),
  alarmTopic: contextValue(
    arn('sns', '').optional(),
    'none',
    'ARN of an SNS topic that alarms are sent to',
  ),
  dashboard: contextValue(onOff.default(true), 'on', 'a CloudWatch dashboard'),
} as const
