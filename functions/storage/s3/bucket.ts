/**
 * The bucket a store lives in: its client, the prefix of its keys, and what every request carries.
 *
 * @module
 */
import type { OnReadOpts } from 'node:net'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { MAX_PARALLEL } from '../../shared/parallel.ts'
import type { ReportFallback } from './direct-client.ts'
import { createRetryStrategy } from './retries.ts'

export interface S3StoreOptions {
  readonly bucket: string
  /**
   * Put before all keys: with `registry`, the key `a/b` is at `registry/a/b`. Default: no prefix.
   */
  readonly prefix?: string | undefined
  readonly region: string
  /** URL of another service that speaks S3. Default: AWS in `region`. */
  readonly endpoint?: string | undefined
  /** Whether AWS is reached by host names that have IPv6 addresses as well. Default: as AWS's settings say. */
  readonly dualstack?: boolean | undefined
  /** Whether the bucket is in the path of URLs rather than in the host. */
  readonly forcePathStyle?: boolean | undefined
  /** Default: the SDK's own chain of environment, profile and role. */
  readonly credentials?: S3ClientConfig['credentials']
  /** KMS key that S3 encrypts objects with. Default: as the bucket is configured. */
  readonly kmsKeyId?: string | undefined
  /**
   * Whether parts have SHA-256 checksums, which S3 verifies, stores, and compares when it assembles
   * them. Default: with AWS itself; not every other service supports them.
   */
  readonly partChecksums?: boolean | undefined
  /** ID of the account that must own the bucket; otherwise every request fails. */
  readonly expectedBucketOwner?: string | undefined
  /** Whether reads go without the SDK, see direct/direct.ts. Default: yes. */
  readonly direct?: boolean | undefined
  /**
   * Prefix of keys, ending with `/`, under which the store may try what the service can do. Default:
   * `scratch/`.
   */
  readonly scratch?: string | undefined
  /** Called for each request that was sent without the SDK and that the SDK has to repeat. */
  readonly reportFallback?: ReportFallback | undefined
}

/** A bucket to send commands to. */
export interface Bucket {
  readonly client: S3Client
  /** Sends each request once, and never again. */
  readonly single: () => S3Client
  /** Empty, or ends with `/`. */
  readonly prefix: string
  /** See `S3StoreOptions.scratch`. */
  readonly scratch: string
  /** See `S3StoreOptions.partChecksums`. */
  readonly partChecksums: boolean
  /** Whether it is AWS that is asked, which does what it documents. */
  readonly isAws: boolean
  /** Input of every command. */
  readonly target: { readonly Bucket: string; readonly ExpectedBucketOwner?: string }
  /** Input of the commands that read another object of the bucket. */
  readonly source: { readonly ExpectedSourceBucketOwner?: string }
  /** Input of the commands that begin an object. */
  readonly encryption: {
    readonly ServerSideEncryption?: 'aws:kms'
    readonly SSEKMSKeyId?: string
    readonly BucketKeyEnabled?: boolean
  }
}

/**
 * The most concurrent requests; further ones wait for a socket. Enough for the links and the data of
 * all that one manifest refers to, in one step, and for others beside it.
 */
const MAX_SOCKETS = 2 * MAX_PARALLEL + 32
const CONNECT_TIMEOUT_MS = 5_000
/** Completing or copying gigabytes sends nothing for a minute or more. */
const IDLE_TIMEOUT_MS = 180_000

/**
 * Opens the bucket; sends nothing yet.
 *
 * @param reading how sockets are read; empty: as Node does by default
 */
export const openBucket = (
  options: S3StoreOptions,
  reading: { readonly onread?: OnReadOpts },
): Bucket => {
  const { bucket, region, endpoint, forcePathStyle, credentials, kmsKeyId } = options
  const owner = options.expectedBucketOwner
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS, ...reading }
  const config: S3ClientConfig = {
    region,
    ...(endpoint !== undefined && { endpoint }),
    // Such names are AWS's own; the SDK refuses both.
    ...(endpoint === undefined && options.dualstack === true && { useDualstackEndpoint: true }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(credentials !== undefined && { credentials }),
    // The signature already covers the hash of each body. Other services refuse further checksums,
    // and with a presigned URL its holder would have to send them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, the SDK opens a new connection for each large body, and waits before sending it.
    expectContinueHeader: false,
    requestHandler: {
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
    },
  }
  let single: S3Client | undefined
  return {
    client: new S3Client({ ...config, retryStrategy: createRetryStrategy() }),
    single: () => {
      single ??= new S3Client({ ...config, maxAttempts: 1, retryMode: 'standard' })
      return single
    },
    prefix: prefix === '' ? '' : `${prefix}/`,
    scratch: options.scratch ?? 'scratch/',
    partChecksums: options.partChecksums ?? endpoint === undefined,
    isAws: endpoint === undefined,
    target: { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) },
    source: owner === undefined ? {} : { ExpectedSourceBucketOwner: owner },
    encryption:
      kmsKeyId === undefined
        ? {}
        : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId, BucketKeyEnabled: true },
  }
}

/** Input that names an object. */
export const at = (bucket: Bucket, key: string): Bucket['target'] & { readonly Key: string } => ({
  ...bucket.target,
  Key: bucket.prefix + key,
})

/** An object as the source of a copy: a path, percent-encoded except for its slashes. */
export const copySource = (bucket: Bucket, key: string): string =>
  [bucket.target.Bucket, ...(bucket.prefix + key).split('/')].map(encodeURIComponent).join('/')

/** The version in an ETag header, without the quotes. */
export const etagOf = (header: string | undefined): string => (header ?? '').replaceAll('"', '')

/** A key or prefix of a listing, without the store's own prefix. */
export const keyIn = (bucket: Bucket, encoding: string | undefined, text = ''): string => {
  const key = encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text
  return key.slice(bucket.prefix.length)
}

/** A request that is about to be signed. */
interface Outgoing {
  readonly request: unknown
}

/**
 * Middleware that gives the signer the SHA-256 of the body if it is already known: otherwise the
 * SDK hashes the body.
 *
 * @param sha256 hex
 */
export const signedHash =
  (sha256: string) =>
  <Args extends Outgoing, Output>(next: (args: Args) => Promise<Output>) =>
  (args: Args): Promise<Output> => {
    const { headers } = args.request as { headers: Record<string, string> }
    headers['x-amz-content-sha256'] = sha256
    return next(args)
  }

/** Middleware that tells what the service calls itself: the header Server, or nothing. */
export const serverName =
  (tell: (name: string) => void) =>
  <Args, Output extends { readonly response: unknown }>(next: (args: Args) => Promise<Output>) =>
  async (args: Args): Promise<Output> => {
    const result = await next(args)
    const { headers } = result.response as { readonly headers: Readonly<Record<string, string>> }
    tell(headers.server ?? '')
    return result
  }
