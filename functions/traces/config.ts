/**
 * What the standard variables of OpenTelemetry say of traces, but for those of the exporter, which reads
 * `OTEL_EXPORTER_OTLP_*` itself. As the specification has it, a value that makes no sense is said in the log and
 * has no effect.
 *
 * @module
 */

import { parseKeyPairsIntoRecord } from '@opentelemetry/core'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  type BatchSpanProcessorOptions,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions'
import { type Environment, listed } from './wanted.ts'

export interface TraceConfig {
  readonly sampler: Sampler
  /** Attributes of the process, its name among them. */
  readonly resource: Readonly<Record<string, string>>
  /** Whether traces go on from `traceparent`, and into requests to other servers. */
  readonly propagates: boolean
  readonly batch: Omit<BatchSpanProcessorOptions, 'exporter'>
  /** Most characters of an attribute. */
  readonly longest: number
}

/** What clients send may be long, and spans wait in memory. The specification knows no bound by default. */
const LONGEST = 1024

/** Which function it is, where it is one of AWS Lambda. */
const lambdaResource = (env: Environment): Readonly<Record<string, string>> => {
  const { AWS_LAMBDA_FUNCTION_NAME: name } = env
  if (!name) return {}
  const facts = {
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_lambda',
    'cloud.region': env.AWS_REGION,
    'faas.name': name,
    'faas.version': env.AWS_LAMBDA_FUNCTION_VERSION,
    'faas.instance': env.AWS_LAMBDA_LOG_STREAM_NAME,
  }
  return Object.fromEntries(
    Object.entries(facts).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
}

/** @param warn is told of each variable that has no effect, and why */
export const readTraceConfig = (
  env: Environment,
  warn: (variable: string, why: string) => void,
): TraceConfig => {
  const number = (variable: string, most = Number.MAX_SAFE_INTEGER): number | undefined => {
    const text = env[variable]?.trim()
    if (!text) return undefined
    const value = Number(text)
    if (value >= 0 && value <= most) return value
    warn(variable, most === 1 ? 'expected a number from 0 to 1' : 'expected a number')
    return undefined
  }

  const ratio = (): Sampler =>
    new TraceIdRatioBasedSampler(number('OTEL_TRACES_SAMPLER_ARG', 1) ?? 1)
  const samplers: Readonly<Record<string, () => Sampler>> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: ratio,
    parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
    parentbased_traceidratio: () => new ParentBasedSampler({ root: ratio() }),
  }
  const sampler = (): Sampler => {
    const [usual, wanted = usual] = ['parentbased_always_on', ...listed(env.OTEL_TRACES_SAMPLER)]
    if (wanted !== undefined && Object.hasOwn(samplers, wanted)) return samplers[wanted]!()
    warn('OTEL_TRACES_SAMPLER', `expected one of ${Object.keys(samplers).join(', ')}`)
    return samplers[usual!]!()
  }

  const propagators = listed(env.OTEL_PROPAGATORS)
  for (const each of propagators) {
    // Nothing here has use for baggage, which is what clients like to say.
    if (['tracecontext', 'baggage', 'none'].includes(each)) continue
    warn('OTEL_PROPAGATORS', `${JSON.stringify(each)} is not known: expected tracecontext`)
  }
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL
  if (protocol && protocol !== 'http/protobuf') {
    warn('OTEL_EXPORTER_OTLP_PROTOCOL', 'spans are sent by http/protobuf, as to port 4318')
  }

  const batch = {
    scheduledDelayMillis: number('OTEL_BSP_SCHEDULE_DELAY'),
    exportTimeoutMillis: number('OTEL_BSP_EXPORT_TIMEOUT'),
    maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE'),
    maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
  }
  const given = Object.entries(batch).filter(([, value]) => value !== undefined)
  return {
    sampler: sampler(),
    resource: {
      [ATTR_SERVICE_NAME]: 'slipway',
      ...lambdaResource(env),
      ...parseKeyPairsIntoRecord(env.OTEL_RESOURCE_ATTRIBUTES),
      ...(env.OTEL_SERVICE_NAME ? { [ATTR_SERVICE_NAME]: env.OTEL_SERVICE_NAME } : {}),
    },
    propagates: propagators.length === 0 || propagators.includes('tracecontext'),
    batch: Object.fromEntries(given),
    longest:
      number('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      number('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
      LONGEST,
  }
}
