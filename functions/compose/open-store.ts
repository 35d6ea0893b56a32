/**
 * The store that the settings name, and the secret that all instances over it share.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { UPLOAD_SECRET_KEY } from '../registry/layout.ts'
import { once } from '../shared/once.ts'
import { readOrCreate } from '../storage/read-or-create.ts'
import { createS3Store, type S3StoreOptions } from '../storage/s3/store.ts'
import type { ObjectStore } from '../storage/store.ts'
import { openFileStore } from './file-store.ts'
import type { Settings, StoreSettings } from './setting-table.ts'

/** The AWS region that the settings or the environment name. */
export const regionOf = (
  settings: Pick<Settings, 's3-region'>,
  env: Readonly<Record<string, string | undefined>>,
): string => settings['s3-region'] ?? env.AWS_REGION ?? 'us-east-1'

/**
 * Opens the store; nothing is read or written yet.
 *
 * @param reportFallback see `S3StoreOptions`
 */
export const openStore = (
  settings: StoreSettings,
  env: Readonly<Record<string, string | undefined>>,
  reportFallback?: S3StoreOptions['reportFallback'],
): ObjectStore => {
  const { store } = settings
  if (store.kind === 'file') return openFileStore(store.path)
  const otherService = settings['s3-endpoint']
  // The SDK would find these two itself, but would put the bucket into a host name that does not resolve.
  const endpoint = otherService ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined)
  const kmsKeyId = settings['s3-kms-key']
  return createS3Store({
    bucket: store.bucket,
    prefix: store.prefix,
    region: regionOf(settings, env),
    forcePathStyle: settings['s3-path-style'] ?? endpoint !== undefined,
    partChecksums: otherService === undefined,
    direct: settings['s3-direct'],
    expectedBucketOwner: settings['s3-bucket-owner'],
    reportFallback,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  })
}

/** Changing this invalidates uploads in progress. */
const UPLOAD_PURPOSE = 'slipway upload state 1'

/**
 * The 32 bytes that seal upload states, by default those in the store. A KMS key gives every
 * instance the same ones.
 *
 * @returns a function that throws StoreError or KMSServiceException when they cannot be obtained
 */
export const openUploadSecret = (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  store: ObjectStore,
): (() => Promise<Uint8Array>) => {
  const key = settings['upload-key']
  return once(async () => {
    if (key === undefined) return uploadSecret(store)
    // Loaded only where it is used, because loading takes time and memory.
    const { secretFromKms } = await import('./aws/kms-mac.ts')
    return secretFromKms(key, UPLOAD_PURPOSE, regionOf(settings, env))
  })
}

/**
 * The secret in the store. The first instance creates it and all others read it, so any of them can
 * take any request without a configured secret.
 */
export const uploadSecret = async (store: ObjectStore): Promise<Uint8Array> => {
  const { bytes } = await readOrCreate(store, UPLOAD_SECRET_KEY, () => randomBytes(32), 64)
  return bytes
}
