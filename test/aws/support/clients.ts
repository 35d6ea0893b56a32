/**
 * The SDK's clients for an emulator.
 *
 * @module
 */

import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import type { Emulator } from './emulator.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const rootOf = ({ env }: Emulator): Credentials => ({
  accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
})

/** A client of S3; by default as the account's root. A refusal is final, so nothing is tried again. */
export const s3Client = (emulator: Emulator, credentials = rootOf(emulator)): S3Client =>
  new S3Client({
    endpoint: emulator.endpoint,
    region: emulator.region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials,
  })

/** A client of KMS; by default as the account's root. */
export const kmsClient = (emulator: Emulator, credentials = rootOf(emulator)): KMSClient =>
  new KMSClient({
    endpoint: emulator.endpoint,
    region: emulator.region,
    maxAttempts: 1,
    credentials,
  })
