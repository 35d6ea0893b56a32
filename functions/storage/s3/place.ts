/**
 * The place of a store in S3: the prefix of its keys, what every request carries, and how requests are sent. The
 * SDK's client is not part of it: loading that is a third of a cold start, and reads do without.
 *
 * @module
 */
import type { OnReadOpts } from 'node:net'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import {
  doesIdentityRequireRefresh,
  isIdentityExpired,
  memoizeIdentityProvider,
} from '@smithy/core'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types'
import { MAX_PARALLEL } from '../../shared/parallel.ts'
import type { ReportFallback } from './direct-client.ts'

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
  /**
   * Whether neither the environment nor AWS's configuration files change addresses: then they are as AWS documents
   * them, and the SDK is not loaded to be asked. Default: no.
   */
  readonly plainAddress?: boolean | undefined
  /** Whether the bucket is in the path of URLs rather than in the host. */
  readonly forcePathStyle?: boolean | undefined
  /** Default: the SDK's own chain of environment, profile and role. */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider | undefined
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

/** Where a store is. */
export interface Place {
  readonly options: S3StoreOptions
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
  /** What all requests are signed with, however they are sent. */
  readonly credentials: AwsCredentialIdentityProvider
  /** The connections. */
  readonly handler: NodeHttpHandler
}

/**
 * The most concurrent requests; further ones wait for a socket. Enough for the links and the data of
 * all that one manifest refers to, in one step, and for others beside it.
 */
const MAX_SOCKETS = 2 * MAX_PARALLEL + 32
const CONNECT_TIMEOUT_MS = 5_000
/** Completing or copying gigabytes sends nothing for a minute or more. */
const IDLE_TIMEOUT_MS = 180_000

/** Credentials that are asked for again five minutes before they expire, as the SDK's clients do. */
const remembered = (
  credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider,
): AwsCredentialIdentityProvider =>
  memoizeIdentityProvider(credentials, isIdentityExpired, doesIdentityRequireRefresh)!

/**
 * Describes the place; sends nothing yet.
 *
 * @param reading how sockets are read; empty: as Node does by default
 */
export const openPlace = (
  options: S3StoreOptions,
  reading: { readonly onread?: OnReadOpts },
): Place => {
  const { bucket, region, endpoint, credentials, kmsKeyId } = options
  const owner = options.expectedBucketOwner
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS, ...reading }
  return {
    options,
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
    // As the SDK's client would say it: a place that credentials come from may name a region of its own.
    credentials: remembered(credentials ?? defaultProvider({ parentClientConfig: { region } })),
    handler: new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
    }),
  }
}

/** Input that names an object. */
export const at = (bucket: Place, key: string): Place['target'] & { readonly Key: string } => ({
  ...bucket.target,
  Key: bucket.prefix + key,
})

/** An object as the source of a copy: a path, percent-encoded except for its slashes. */
export const copySource = (bucket: Place, key: string): string =>
  [bucket.target.Bucket, ...(bucket.prefix + key).split('/')].map(encodeURIComponent).join('/')

/** The version in an ETag header, without the quotes. */
export const etagOf = (header: string | undefined): string => (header ?? '').replaceAll('"', '')

/** A key or prefix of a listing, without the store's own prefix. */
export const keyIn = (bucket: Place, encoding: string | undefined, text = ''): string => {
  const key = encoding === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text
  return key.slice(bucket.prefix.length)
}
