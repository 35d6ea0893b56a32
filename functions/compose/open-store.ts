/**
 * The store that the settings name, and the secret that all instances over it share.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { BLOBS_PREFIX, SCRATCH_PREFIX, UPLOAD_SECRET_KEY } from '../registry/layout.ts'
import { cached } from '../shared/cached.ts'
import { once } from '../shared/once.ts'
import { tookPlace } from '../storage/errors.ts'
import { readOrCreate } from '../storage/read-or-create.ts'
import type { ReplicaOptions } from '../storage/replica.ts'
import { createS3Store, type S3StoreOptions } from '../storage/s3/store.ts'
import type { ObjectStore } from '../storage/store.ts'
import { SettingsError } from './errors.ts'
import type { Settings, StoreSettings } from './setting-table.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The AWS region that the environment names. */
const ownRegion = (env: Environment): string => env.AWS_REGION ?? 'us-east-1'

/** The AWS region of the bucket, by the settings or the environment. */
export const regionOf = (settings: Pick<Settings, 's3-region'>, env: Environment): string =>
  settings['s3-region'] ?? ownRegion(env)

/** The AWS region of a key: that of its ARN; otherwise it is where the bucket is. */
export const regionOfKey = (
  key: string,
  settings: Pick<Settings, 's3-region'>,
  env: Environment,
): string => key.match(/^arn:[^:]+:kms:([^:]+):/)?.[1] ?? regionOf(settings, env)

/** Where another service than AWS is. The SDK would find it itself, but not its style of URLs. */
const endpointOf = (settings: StoreSettings, env: Environment): string | undefined =>
  settings['s3-endpoint'] ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined)

/**
 * Whether the bucket is in the path of URLs. In the host, as on AWS, it would often not resolve where
 * there is an endpoint; and with a dot in its name AWS's certificate would not be for that host.
 */
export const isBucketInPath = (settings: StoreSettings, env: Environment): boolean => {
  const { store } = settings
  const isDotted = store.kind === 's3' && store.bucket.includes('.')
  return settings['s3-path-style'] ?? (isDotted || endpointOf(settings, env) !== undefined)
}

/** Where a registry in S3 is. */
type Place = Extract<StoreSettings['store'], { kind: 's3' }>

/** Names in the environment by which the SDK may find other addresses than those AWS documents. */
const CHANGES_ADDRESSES =
  /^AWS_(?:USE_|S3_|PROFILE$|DEFAULT_PROFILE$|CONFIG_FILE$|SHARED_CREDENTIALS_FILE$|IGNORE_CONFIGURED_)/

/** Whether there are files where the SDK may find them, too: it takes any setting from either. */
const hasFiles = (): boolean => {
  try {
    const home = homedir()
    return ['config', 'credentials'].some((name) => existsSync(join(home, '.aws', name)))
  } catch {
    // A user that the system does not know, without HOME, has no home.
    return false
  }
}

/** See `S3StoreOptions.plainAddress`. */
const hasPlainAddresses = (env: Environment): boolean =>
  !Object.keys(env).some((name) => CHANGES_ADDRESSES.test(name)) && !hasFiles()

const openS3Store = (
  settings: StoreSettings,
  store: Place,
  env: Environment,
  reportFallback?: S3StoreOptions['reportFallback'],
): ObjectStore => {
  const otherService = settings['s3-endpoint']
  const endpoint = endpointOf(settings, env)
  const kmsKeyId = settings['s3-kms-key']
  return createS3Store({
    bucket: store.bucket,
    prefix: store.prefix,
    region: regionOf(settings, env),
    forcePathStyle: isBucketInPath(settings, env),
    dualstack: settings['s3-dualstack'],
    plainAddress: hasPlainAddresses(env),
    partChecksums: otherService === undefined,
    direct: settings['s3-direct'],
    expectedBucketOwner: settings['s3-bucket-owner'],
    reportFallback,
    scratch: SCRATCH_PREFIX,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  })
}

/**
 * Opens the store; nothing is read or written yet. The file store is loaded where it is named: a function has
 * no use for it.
 *
 * @param reportFallback see `S3StoreOptions`
 */
export const openStore = async (
  settings: StoreSettings,
  env: Environment,
  reportFallback?: S3StoreOptions['reportFallback'],
): Promise<ObjectStore> => {
  const { store } = settings
  if (store.kind === 's3') return openS3Store(settings, store, env, reportFallback)
  return (await import('./file-store.ts')).openFileStore(store.path)
}

/**
 * The store, read from its copy in another Region where that can be done, if the settings name one.
 *
 * @param report see `ReplicaOptions`
 */
export const withReplica = async (
  settings: Settings,
  env: Environment,
  first: ObjectStore,
  report: ReplicaOptions['report'],
): Promise<ObjectStore> => {
  const { store } = settings
  const bucket = settings['s3-replica']
  if (store.kind !== 's3' || bucket === undefined) return first
  const region = settings['s3-replica-region'] ?? ownRegion(env)
  const near = openS3Store({ ...settings, 's3-region': region }, { ...store, bucket }, env)
  const { createReplicaStore } = await import('../storage/replica.ts')
  return createReplicaStore({
    first,
    near,
    neverChanges: (key) => key.startsWith(BLOBS_PREFIX),
    report,
  })
}

/**
 * The host of a store's presigned URLs, as in `URL.hostname`; undefined if it has none. Sends nothing.
 *
 * @returns a function that throws the SDK's error when there are no credentials to sign with
 */
export const openStoreHost = (store: ObjectStore): (() => Promise<string | undefined>) =>
  once(async () => {
    const url = await store.presign?.('GET', UPLOAD_SECRET_KEY, { expiresIn: 60 })
    return url === undefined ? undefined : new URL(url).hostname
  })

/** Changing this invalidates uploads in progress. */
const UPLOAD_PURPOSE = 'slipway upload state 1'

/**
 * The 32 bytes that seal upload states, by default those in the store. A KMS key gives every
 * instance the same ones.
 *
 * @param now clock in milliseconds
 * @returns a function that throws StoreError or KMSServiceException when they cannot be obtained
 */
export const openUploadSecret = (
  settings: Settings,
  env: Environment,
  store: ObjectStore,
  now: () => number = Date.now,
): (() => Promise<Uint8Array>) => {
  const key = settings['upload-key']
  if (key === undefined) {
    // Replaced when keys are revoked.
    const remembered = cached(() => uploadSecret(store), { now, maxAge: MAX_AGE, stale: STALE })
    return () => remembered.get()
  }
  return once(async () => {
    // Loaded only where it is used, because loading takes time and memory.
    const { secretFromKms } = await import('./aws/kms-mac.ts')
    return secretFromKms(key, UPLOAD_PURPOSE, regionOfKey(key, settings, env))
  })
}

/** Milliseconds until an instance looks whether the secret has been replaced. */
const MAX_AGE = 20_000
/** Milliseconds for which it is used while the store does not respond. */
const STALE = 60 * 60_000

const SECRET_SIZE = 32

/**
 * Replaces the secret in the store, which ends all uploads in progress. Running instances see it within
 * 30 seconds.
 *
 * @throws StoreError when the store fails
 */
export const renewUploadSecret = async (store: ObjectStore): Promise<void> => {
  const fresh = randomBytes(SECRET_SIZE)
  // Whatever is there, also what is damaged or may not be read.
  await store.put(UPLOAD_SECRET_KEY, fresh)
}

/**
 * Creates the secret in the store, unless there is one. Nothing is read.
 *
 * @returns whether there was none
 * @throws StoreError when the store fails
 */
export const createUploadSecret = (store: ObjectStore): Promise<boolean> =>
  tookPlace(
    store.put(UPLOAD_SECRET_KEY, randomBytes(SECRET_SIZE), { condition: { ifNoneMatch: '*' } }),
  )

/**
 * The secret in the store. The first instance creates it and all others read it, so any of them can
 * take any request without a configured secret.
 *
 * @throws SettingsError when it has another length: it is damaged
 */
export const uploadSecret = async (store: ObjectStore): Promise<Uint8Array> => {
  const create = () => randomBytes(SECRET_SIZE)
  const read = readOrCreate(store, UPLOAD_SECRET_KEY, create, SECRET_SIZE)
  const { bytes } = await read.catch((cause: unknown) => {
    throw cause instanceof RangeError ? wrongSecret(`more than ${SECRET_SIZE}`) : cause
  })
  if (bytes.byteLength !== SECRET_SIZE) throw wrongSecret(String(bytes.byteLength))
  return bytes
}

const wrongSecret = (length: string): SettingsError =>
  new SettingsError(
    `the object ${UPLOAD_SECRET_KEY} in the store has ${length} bytes, but a secret has ${SECRET_SIZE}: delete it, and the next start makes a new one; uploads under way then start over`,
  )
