/**
 * Whether traces are wanted, by the standard variables of OpenTelemetry. All that is loaded where they are not.
 *
 * @module
 */

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Entries of a list divided by commas, in lower case. */
export const listed = (value: string | undefined): readonly string[] =>
  (value ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')

/**
 * Whether traces are sent: an endpoint is named, or the exporter `otlp` is. Without either there is no guess that
 * a collector may be on this machine.
 */
export const tracesWanted = (env: Environment): boolean => {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false
  const exporters = listed(env.OTEL_TRACES_EXPORTER)
  if (exporters.length > 0) return exporters.includes('otlp')
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT)
}
