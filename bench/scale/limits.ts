/**
 * What AWS allows unless it is asked for more, and where its documents say so. All rates are per second.
 *
 * @module
 */

/** S3, for each partition of a bucket's keys ("Performance guidelines for Amazon S3"). */
export const S3 = { reads: 5500, writes: 3500 }

/**
 * When S3 splits a partition. Its documents say that this is automatic, follows sustained load by prefix and is gradual;
 * AWS's answers to users speak of 30 to 60 minutes. So this is taken: a partition that was asked for {@link load} of its
 * limit or more in each of so many minutes is split in two. Five such steps, 32 partitions, take 50 minutes.
 */
export const SPLIT = { minutes: 10, load: 0.8 }

/** Lambda: instances at once, new ones within ten seconds, and requests for each ("Lambda scaling behavior"). */
export const LAMBDA = { concurrency: 1000, perTenSeconds: 1000, requestsPerInstance: 10 }

/** API Gateway, of an account in a Region ("Amazon API Gateway quotas"). */
export const GATEWAY = { rate: 10_000, burst: 5000 }

/** CloudFront, of a distribution ("Quotas"): requests, and bytes. */
export const CLOUDFRONT = { requests: 250_000, bytes: 150e9 / 8 }

/** Caches that ask an origin for themselves: CloudFront's regional ones, behind all others. */
export const REGIONAL_CACHES = 13

/** Signatures by KMS with elliptic curves; a quota that AWS raises on request. Not looked up: see docs/scale.md. */
export const KMS_SIGNATURES = 1000

/** Milliseconds after which the API's function gives a request up: the gateway waits for 30 s. */
export const FUNCTION_TIMEOUT = 29_000
