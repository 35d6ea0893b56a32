/**
 * Runs the contract suite against any server that speaks S3.
 *
 * Environment: S3_ENDPOINT, S3_BUCKET (must exist), S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, and if
 * need be S3_REGION (us-east-1), S3_SERVER (a name, for its deviations), S3_VIRTUAL_HOST (set: the
 * bucket is named in the host).
 *
 * Usage: node --test test/storage/s3-external.ts
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import { storeContract } from './contract.ts'

/** By server: the tests it is known to fail. The suite fails when one of them passes. */
const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {}

const required = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

const server = process.env.S3_SERVER ?? 'external S3'
const store = createS3Store({
  bucket: required('S3_BUCKET'),
  // A fresh place each time: what an earlier run left does not matter.
  prefix: `contract-${randomUUID()}`,
  region: process.env.S3_REGION ?? 'us-east-1',
  endpoint: required('S3_ENDPOINT'),
  forcePathStyle: process.env.S3_VIRTUAL_HOST === undefined,
  credentials: {
    accessKeyId: required('S3_ACCESS_KEY_ID'),
    secretAccessKey: required('S3_SECRET_ACCESS_KEY'),
  },
})

storeContract(server, async () => ({ store, close: async () => {} }), {
  presigns: true,
  deviations: DEVIATIONS[server] ?? [],
})
