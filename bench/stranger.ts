/**
 * The most that somebody without an account can make a Web Function cost in an hour. AWS has not published
 * the prices of its CPU, memory and requests, so that these are in units.
 *
 * @module
 */

import { PRICES } from './prices.ts'

/** What the stack sets for the endpoint, and so bounds. */
export interface EndpointBounds {
  /** Requests a second. */
  readonly rate: number
  /** Most environments at once. */
  readonly environments: number
}

/** An environment, as AWS has it. */
const ENVIRONMENT = { vcpus: 2, gigabytes: 2, bytesPerSecond: 1_000_000_000 / 8 }

/** CPU seconds of a GB that is received and dropped, measured on one core of the machine in docs/benchmarks.md. */
export const DRAIN_SECONDS = 0.7

/** Bytes of a refused request's line in a log, with what CloudWatch adds to each. */
const LOG_LINE = 700

const HOUR = 3600

/** What an hour of it costs at most. */
export interface Hour {
  readonly requests: number
  /** GB that come in, which AWS does not charge. */
  readonly gigabytesIn: number
  /** CPU that is active, all of the time in all environments. */
  readonly vcpuHours: number
  /** Memory in use. */
  readonly gigabyteHours: number
  /** CPU hours of it that the bytes alone take: what is refused is read and dropped. */
  readonly drainHours: number
  /** Dollars of log lines, and of tokens for anonymous users that KMS signs, where the policy lets them in. */
  readonly logs: number
  readonly signatures: number
  /** Dollars of S3, if each request is a failed log-in from an address of its own: a read and a write. */
  readonly logIns: number
}

/**
 * The most in an hour, by the bounds alone: whoever is refused costs no request to S3, since access is checked
 * before anything is read, but for log-ins that fail.
 */
export const strangersHour = ({ rate, environments }: EndpointBounds): Hour => {
  const requests = rate * HOUR
  const gigabytesIn = (environments * ENVIRONMENT.bytesPerSecond * HOUR) / 1e9
  return {
    requests,
    gigabytesIn,
    vcpuHours: environments * ENVIRONMENT.vcpus,
    gigabyteHours: environments * ENVIRONMENT.gigabytes,
    drainHours: (gigabytesIn * DRAIN_SECONDS) / HOUR,
    logs: ((requests * LOG_LINE) / 1e9) * PRICES.logs.each,
    signatures: requests * PRICES.kmsSignature.each,
    logIns: requests * (PRICES.s3Read.each + PRICES.s3Write.each),
  }
}
