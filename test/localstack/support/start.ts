/**
 * LocalStack 4.14.0, the last version without a licence, from PyPI as `.ci/install` installs it: without
 * docker, on loopback.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { s3Client } from '../../aws/support/clients.ts'
import type { Emulator } from '../../aws/support/emulator.ts'
import { freePort, responds, scratch, startDaemon, toolCache } from '../../support/live/process.ts'
import type { Bucket } from '../../support/live/s3.ts'

const python = join(toolCache, 'localstack/bin/python')

/** It takes any credentials; those named so are of account 000000000000. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

/** Starts it with some services, such as `s3` and `kms`, and nothing in them. */
export const startLocalStack = async (services: readonly string[]): Promise<Emulator> => {
  if (!existsSync(python)) throw new Error(`${python} is missing: run .ci/install localstack`)
  const files = scratch('localstack')
  const port = await freePort()
  // A name other than the registry's, so that clients with credentials are redirected there.
  const endpoint = `http://localhost:${port}`
  try {
    const daemon = await startDaemon({
      name: 'localstack',
      command: python,
      args: [join(import.meta.dirname, 'loopback.py')],
      cwd: files.path,
      env: {
        GATEWAY_LISTEN: `127.0.0.1:${port}`,
        SERVICES: services.join(','),
        // It keeps everything here, wherever it believes to run.
        OVERRIDE_IN_DOCKER: '0',
        FILESYSTEM_ROOT: files.path,
        // It calls nobody, and is no name server.
        SKIP_SSL_CERT_DOWNLOAD: '1',
        DISABLE_EVENTS: '1',
        DNS_ADDRESS: '0',
        LS_LOG: 'warn',
      },
      ready: () => responds(`http://127.0.0.1:${port}/_localstack/health`),
      // It would wait for requests that it never answers.
      stopSignal: 'SIGKILL',
    })
    const close = async () => {
      await daemon.stop()
      files.remove()
    }
    const region = 'us-east-1'
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL: endpoint, AWS_REGION: region }
    return { endpoint, region, env, shared: false, close }
  } catch (error) {
    files.remove()
    throw error
  }
}

/** Creates a bucket. */
export const createBucket = async (
  emulator: Emulator,
  bucket: string,
  versions = false,
): Promise<Bucket> => {
  const s3 = s3Client(emulator)
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  if (versions) {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  }
  s3.destroy()
  return {
    endpoint: emulator.endpoint,
    region: emulator.region,
    bucket,
    accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
    secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  }
}
