/**
 * SDK clients for an emulator.
 *
 * @module
 */

import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import type { Emulator } from './emulator.ts'

const configOf = ({ endpoint, region, env }: Emulator) => ({
  endpoint,
  region,
  credentials: {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
  },
  // No retries: an access error is final.
  maxAttempts: 1,
})

/** A client of S3, with the emulator's credentials. */
export const s3Client = (emulator: Emulator): S3Client =>
  new S3Client({ ...configOf(emulator), forcePathStyle: true })

/** A client of KMS, with the emulator's credentials. */
export const kmsClient = (emulator: Emulator): KMSClient => new KMSClient(configOf(emulator))
