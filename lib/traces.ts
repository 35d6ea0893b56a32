/**
 * OpenTelemetry's spans of the function behind the API: what it is told, and what it may do.
 *
 * @module
 */

import { PolicyStatement } from 'aws-cdk-lib/aws-iam'

/** Where spans are sent. */
export interface RegistryTraces {
  /** Of the collector, for OTLP over HTTP: spans are sent to `/v1/traces` below it. */
  readonly endpoint: string
  /**
   * ARN of a secret in AWS Secrets Manager with the headers that the collector asks for, in the form of
   * `OTEL_EXPORTER_OTLP_HEADERS`. Default: none.
   */
  readonly headersSecret?: string | undefined
  /**
   * Which part of the requests is followed, 0 to 1, whatever clients say of theirs. Default: those whose client
   * follows them, and all whose client does not say.
   */
  readonly ratio?: number | undefined
}

/** What the function is told. Further variables of OpenTelemetry are those of the registry's environment. */
export const traceSettings = ({
  endpoint,
  headersSecret,
  ratio,
}: RegistryTraces): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  ...(headersSecret !== undefined && { SLIPWAY_TRACE_HEADERS: headersSecret }),
  ...(ratio !== undefined && {
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(ratio),
  }),
})

/** What its role may do besides. */
export const traceStatements = ({ headersSecret }: RegistryTraces): PolicyStatement[] =>
  headersSecret === undefined
    ? []
    : [
        new PolicyStatement({
          sid: 'TraceHeaders',
          actions: ['secretsmanager:GetSecretValue'],
          resources: [headersSecret],
        }),
      ]
