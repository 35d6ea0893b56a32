/**
 * What AWS charges, in one table. For us-east-1, without free tiers, discounts for volume and taxes.
 *
 * @module
 */

/**
 * The day of the table. The prices are those that public pages about AWS name, not all of them AWS's
 * own: look at its price list before money depends on them.
 */
export const PRICES_DATE = '2026-11-21'

/** A price in dollars. */
export interface Price {
  readonly what: string
  readonly dollars: number
  /** How many of what the dollars are for. */
  readonly per: string
  /** Dollars for one of them. */
  readonly each: number
}

const price = (what: string, dollars: number, count: number, unit: string): Price => ({
  what,
  dollars,
  per: count === 1 ? unit : `${count.toLocaleString('en-US')} ${unit}s`,
  each: dollars / count,
})

/** All prices that matter to a registry. */
export const PRICES = {
  gatewayRequest: price('API Gateway, HTTP API', 1, 1_000_000, 'request'),
  lambdaRequest: price('Lambda, requests', 0.2, 1_000_000, 'request'),
  lambdaSecond: price('Lambda on arm64, time', 0.000_013_333_4, 1, 'GB-second'),
  s3Read: price('S3, GET and HEAD', 0.0004, 1000, 'request'),
  s3Write: price('S3, PUT, COPY, POST and LIST', 0.005, 1000, 'request'),
  s3Storage: price('S3 Standard, storage', 0.023, 1, 'GB-month'),
  kmsCall: price('KMS, symmetric and HMAC keys', 0.03, 10_000, 'request'),
  kmsSignature: price('KMS, signatures with ECC keys', 0.15, 10_000, 'request'),
  kmsKey: price('KMS, a key', 1, 1, 'month'),
  transferOut: price('Data out to the internet, first 10 TB a month', 0.09, 1, 'GB'),
  transferRegion: price('Data from S3 or ECR to AWS services of the same region', 0, 1, 'GB'),
  transferRegions: price('Data to another Region', 0.02, 1, 'GB'),
  logs: price('CloudWatch Logs, what is written', 0.5, 1, 'GB'),
  edgeRequest: price('CloudFront, HTTPS requests', 1, 1_000_000, 'request'),
  edgeOut: price('CloudFront, data out to the internet, after 1 TB a month', 0.085, 1, 'GB'),
  edgeIn: price('CloudFront, data to origins: pushes', 0.02, 1, 'GB'),
  edgeLambda: price('Lambda@Edge, calls', 0.6, 1_000_000, 'request'),
  edgeLambdaSecond: price('Lambda@Edge, time', 0.000_050_01, 1, 'GB-second'),
  edgeFunction: price('CloudFront Functions, calls', 0.1, 1_000_000, 'request'),
  edgeLookup: price('CloudFront KeyValueStore, lookups', 0.03, 1_000_000, 'request'),
  ecrStorage: price('ECR, storage', 0.1, 1, 'GB-month'),
} as const satisfies Record<string, Price>
