/**
 * Runs the contract suite against any server that speaks S3: `npx vitest run --project external`.
 *
 * Environment: S3_ENDPOINT, S3_BUCKET (must exist), S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, and
 * optionally S3_REGION (default us-east-1) and S3_VIRTUAL_HOST (if set, the bucket is in the host
 * rather than in the path). S3_SERVER is a name for the server, by which its known deviations are
 * found.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import { storeContract } from './contract.ts'

/** The tests that each server is known to fail. The suite fails if one of them passes. */
const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {}

const required = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

const server = process.env.S3_SERVER ?? 'external S3'
const store = createS3Store({
  bucket: required('S3_BUCKET'),
  // A new prefix each time: what an earlier run left does not matter.
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
