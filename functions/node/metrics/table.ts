/**
 * The metrics of a server, with their names, labels and bounds. Names are distribution's where the meaning is the
 * same, so that dashboards and alerts move over; the others begin with `slipway_`.
 *
 * @module
 */

import { type Aggregator, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds: from what is in memory to what waits for the store. */
const REQUEST_BUCKETS = [0.01, 0.05, 0.25, 1, 10]
const STORE_BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10]

/** Creates them, in a registry of their own. */
export const createTable = () => {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers })
  /** @param aggregator which value counts of several processes; of others, their sum does */
  const oneOf = <L extends string>(
    aggregator: Aggregator,
    name: string,
    help: string,
    ...labelNames: L[]
  ) => new Gauge({ name, help, aggregator, labelNames, registers })
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ) => new Histogram({ name, help, buckets, labelNames, registers })
  return {
    registry,
    requests: counter(
      'registry_http_requests_total',
      'Requests that have ended, by status; 499: the client went away before',
      ...['code', 'handler', 'method'],
    ),
    duration: histogram(
      'registry_http_request_duration_seconds',
      'Seconds from the headers of a request to the end of its response',
      REQUEST_BUCKETS,
      ...['handler', 'method'],
    ),
    inFlight: gauge(
      'registry_http_in_flight_requests',
      'Requests whose response has not ended',
      'handler',
    ),
    received: counter(
      'slipway_http_received_bytes_total',
      'Bytes read from the connections of requests, headers included',
      'handler',
    ),
    sent: counter(
      'slipway_http_sent_bytes_total',
      'Bytes written to the connections of requests, headers included',
      'handler',
    ),
    throttled: counter(
      'slipway_throttled_log_ins_total',
      'Log-ins that were refused with 429, after too many failures or with too many at once',
    ),
    guarded: counter(
      'slipway_guarded_total',
      'Pushes and pulls that are not what the policy requires: refused, or only reported',
      ...['action', 'outcome'],
    ),
    eventsDropped: counter(
      'slipway_events_dropped_total',
      'Pulls that a receiver of events was not told of: too many waited, or it did not take it',
    ),
    uploads: counter(
      'slipway_uploads_total',
      'Uploads by what became of them: started, completed, cancelled; whole: a blob in one request, or mounted',
      'event',
    ),
    uploadMemory: gauge(
      'slipway_upload_memory_bytes',
      'Memory for the bytes of uploads under way, see --upload-memory',
    ),
    action: histogram(
      'registry_storage_action_seconds',
      'Seconds that calls of the store take, repeats included; of reads, until the first bytes are there',
      STORE_BUCKETS,
      ...['action', 'driver'],
    ),
    calls: counter(
      'slipway_storage_calls_total',
      'Calls of the store by outcome: ok, refused (a condition, a range), unavailable, full, failed',
      ...['action', 'outcome'],
    ),
    cache: counter(
      'registry_storage_cache_total',
      'Lookups of manifests and the like in memory: Request, and of these Hit or Miss',
      'type',
    ),
    pulls: counter(
      'slipway_upstream_pulls_total',
      'Pulls of what comes from upstreams: hit, from here; miss, fetched; shared, from a fetch under way; stale; failed',
      ...['kind', 'result'],
    ),
    saved: counter(
      'slipway_upstream_saved_bytes_total',
      'Bytes of blobs that come from upstreams and were sent from the store; with redirects, of whole blobs',
    ),
    fetching: gauge('slipway_upstream_fetches', 'Blobs that are being fetched from upstreams'),
    asked: counter(
      'slipway_upstream_requests_total',
      'Requests to upstreams by outcome: ok, unknown, denied, busy (429), away, wrong',
      ...['outcome', 'upstream'],
    ),
    remaining: oneOf(
      'min',
      'slipway_upstream_remaining',
      'What an upstream last said that it still gives, as in ratelimit-remaining',
      'upstream',
    ),
    cleanUps: counter(
      'slipway_clean_up_runs_total',
      'Clean-ups by this server, by outcome',
      'outcome',
    ),
    lastCleanUp: oneOf(
      'max',
      'slipway_clean_up_last_run_timestamp_seconds',
      'When the last clean-up by this server ended, whatever its outcome; 0: none has',
    ),
    ready: oneOf('min', 'slipway_ready', 'Whether /readyz says yes: 1 or 0'),
    cpu: counter('process_cpu_seconds_total', 'Processor time of the process, user and system'),
    memory: gauge('process_resident_memory_bytes', 'Resident memory of the process'),
    heap: gauge('nodejs_heap_size_used_bytes', 'Memory of JavaScript objects'),
    started: oneOf('min', 'process_start_time_seconds', 'When the process started, since 1970'),
    lag: oneOf(
      'max',
      'nodejs_eventloop_lag_p99_seconds',
      'How late the event loop was in one of a hundred cases, since the last scrape',
    ),
  }
}

/** All metrics. */
export type Table = ReturnType<typeof createTable>
