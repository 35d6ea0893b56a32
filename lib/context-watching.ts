/**
 * What can be set of logs, traces, alarms and the dashboard.
 *
 * @module
 */

import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import * as z from '../functions/shared/schema.ts'
import {
  arn,
  fraction,
  handlerSetting,
  integer,
  onOff,
  retention,
  secretArn,
  text,
} from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** Context values by name; see `CONTEXT`. */
export const WATCHING = {
  logLevel: contextValue(
    z.optional(handlerSetting('log-level')),
    'info',
    'debug, info, warn, error or silent',
  ),
  auditPulls: contextValue(
    z.optional(handlerSetting('audit-pulls')),
    'off',
    'on: record in the audit trail who got which manifest, a line of the log for each',
  ),
  logRetention: contextValue(
    z._default(retention, RetentionDays.ONE_MONTH),
    '30',
    'days for which logs are kept',
  ),
  bucketLogDays: contextValue(
    z.optional(integer(1, 3650)),
    'no log',
    "days for which S3's access log of a new bucket is kept, in a second bucket: each download of a blob",
  ),
  tracing: contextValue(
    z._default(onOff, false),
    'off',
    'X-Ray traces of the function behind the API',
  ),
  traces: contextValue(
    z.optional(
      text.check(
        z.regex(/^https?:\/\/[^\s?#@]+$/, 'expected a URL, as https://collector.example:4318'),
      ),
    ),
    'none',
    'URL of a collector that the function behind the API sends spans of OpenTelemetry to, by OTLP over HTTP',
  ),
  traceHeaders: contextValue(
    z.optional(secretArn),
    'none',
    'ARN of a secret in AWS Secrets Manager with the headers that the collector asks for: name=value,name=value',
  ),
  traceRatio: contextValue(
    z.optional(fraction),
    'as clients say, or all',
    'which part of the requests is followed, from 0 to 1, whatever clients say',
  ),
  alarms: contextValue(
    z._default(onOff, true),
    'on',
    'alarms for errors, slowness, throttling and refused log-ins',
  ),
  alarmEmail: contextValue(
    z.optional(z.email('expected an address')),
    'nobody',
    'address that alarms are sent to, once the recipient has confirmed',
  ),
  alarmTopic: contextValue(
    z.optional(arn('sns', '')),
    'none',
    'ARN of an SNS topic that alarms are sent to',
  ),
  metrics: contextValue(
    z._default(onOff, false),
    'off',
    'on: metrics of requests, by what they are for, and of calls of S3, counted from the log; about 5 USD a month',
  ),
  dashboard: contextValue(z._default(onOff, true), 'on', 'a CloudWatch dashboard'),
} as const
