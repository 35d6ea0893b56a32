/**
 * Starts real S3 servers on loopback. Both verify signatures, expiry, checksums and conditions as AWS
 * does, and differ from AWS in other ways:
 *
 * - versitygw rejects a key that is also a prefix of other keys, so repositories `a` and `a/b` cannot
 *   both be in its catalog. It handles everything else that Slipway does as AWS would, so most suites
 *   use it.
 * - SeaweedFS accepts every key, but lists `a/b` before `a-b`, and keeps listing the prefix of deleted
 *   keys for a while, so that a deleted tag seems to exist.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { freePort, responds, scratch, startDaemon } from './process.ts'

/** Everything that a client needs to use a bucket. */
export interface Bucket {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface LiveS3 extends Bucket {
  /** The directory with all its data. Not called `directory`, which marks a file store. */
  readonly root: string
  /** Creates another bucket on the same server. */
  createBucket(name: string): Promise<Bucket>
  close(): Promise<void>
}

export type S3Program = 'seaweedfs' | 'versitygw'

const region = 'us-east-1'
const accessKeyId = 'slipway-suite'
const secretAccessKey = 'a-secret-of-no-worth'

const seaweedArguments = async (directory: string, port: number): Promise<string[]> => {
  const config = join(directory, 's3.json')
  const identity = {
    name: 'suite',
    credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
    actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'],
  }
  writeFileSync(config, JSON.stringify({ identities: [identity] }))
  const ports = {
    'master.port': await freePort(),
    'master.port.grpc': await freePort(),
    'volume.port': await freePort(),
    'volume.port.grpc': await freePort(),
    'filer.port': await freePort(),
    'filer.port.grpc': await freePort(),
    's3.port.grpc': await freePort(),
  }
  return [
    'server',
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    `-dir=${directory}`,
    '-volume.max=100',
    '-master.volumeSizeLimitMB=256',
    '-s3',
    `-s3.port=${port}`,
    `-s3.config=${config}`,
    // Services that are not needed, whose fixed ports would allow only one server at a time.
    ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false'],
    ...Object.entries(ports).map(([name, value]) => `-${name}=${value}`),
  ]
}

const start = async (program: S3Program, directory: string, port: number) => {
  const ready = () => responds(`http://127.0.0.1:${port}/`)
  if (program === 'seaweedfs') {
    const args = await seaweedArguments(directory, port)
    // A graceful shutdown would take ten seconds, for data that is thrown away.
    return startDaemon({ name: program, command: 'weed', args, ready, stopSignal: 'SIGKILL' })
  }
  const data = join(directory, 'data')
  mkdirSync(data)
  return startDaemon({
    name: program,
    command: 'versitygw',
    args: ['--port', `127.0.0.1:${port}`, '--keep-alive', 'posix', data],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    ready,
  })
}

/** Starts a server with one empty bucket. */
export const startLiveS3 = async (program: S3Program): Promise<LiveS3> => {
  const directory = scratch(program)
  const port = await freePort()
  const daemon = await start(program, directory.path, port)
  const endpoint = `http://127.0.0.1:${port}`
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 10,
  })
  const createBucket = async (bucket: string) => {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    return { endpoint, region, bucket, accessKeyId, secretAccessKey }
  }
  const close = async () => {
    client.destroy()
    await daemon.stop()
    directory.remove()
  }
  try {
    return { ...(await createBucket('registry')), root: directory.path, createBucket, close }
  } catch (error) {
    await close()
    throw error
  }
}
