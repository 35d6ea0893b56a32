/**
 * How fast the Web Function's server takes a layer, with one processor and with two, on versitygw: by one PATCH
 * in chunks and by one PUT with its length, beside the same bytes sent to versitygw alone:
 * `node bench/web-function.ts [ROUNDS] [MB]`. The client and versitygw run on the same machine, so what counts
 * there is the processor time of the server.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createRevision } from '../test/emulators/web-function/environment.ts'
import { run } from '../test/support/live/process.ts'
import { type LiveS3, startLiveS3 } from '../test/support/live/s3.ts'
import { type PushStyle, pushBlob } from './client/push.ts'
import { createClient } from './client/wire.ts'
import { measureUsage } from './process-usage.ts'
import { quantile } from './statistics.ts'

const median = (values: readonly number[]): number => quantile(values, 0.5)

const MEGABYTE = 1_000_000

const blobOf = (size: number) => {
  const bytes = randomBytes(size)
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
}

/** Starts something on the first so many processors; what it starts stays there. */
const onProcessors = async <T>(count: number, start: () => Promise<T>): Promise<T> => {
  const pin = (last: number) => run('taskset', ['-cp', `0-${last}`, `${process.pid}`])
  await pin(count - 1)
  try {
    return await start()
  } finally {
    await pin(cpus().length - 1)
  }
}

interface Measured {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** One push to a new environment. */
const pushOnce = async (
  s3: LiveS3,
  processors: number,
  style: PushStyle,
  size: number,
): Promise<Measured> => {
  const revision = createRevision(
    { endpoint: 'host:port' },
    {
      SLIPWAY_STORE: `s3://${s3.bucket}`,
      SLIPWAY_S3_ENDPOINT: s3.endpoint,
      SLIPWAY_S3_REGION: s3.region,
      SLIPWAY_S3_PATH_STYLE: 'on',
      SLIPWAY_AUTH: 'off',
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    },
  )
  const environment = await onProcessors(processors, revision.start)
  const client = createClient(`http://127.0.0.1:${environment.port}`)
  try {
    await pushBlob(client, 'bench/warm', blobOf(MEGABYTE), style)
    const blob = blobOf(size)
    const [pid = 0] = revision.pids
    const used = measureUsage(pid)
    const start = performance.now()
    await pushBlob(client, 'bench/app', blob, style)
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: used().cpuSeconds }
  } finally {
    client.close()
    await environment.end()
    revision.remove()
  }
}

/** The same bytes to versitygw, in one request. */
const putOnce = async (s3: LiveS3, size: number): Promise<Measured> => {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const { bytes } = blobOf(size)
  const start = performance.now()
  await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'alone', Body: bytes }))
  const seconds = (performance.now() - start) / 1000
  client.destroy()
  return { seconds, cpuSeconds: 0 }
}

const [rounds = '3', megabytes = '300'] = process.argv.slice(2)
const size = Number(megabytes) * MEGABYTE
const print = (line: string) => process.stdout.write(`${line}\n`)
const load = () => loadavg()[0]?.toFixed(1)
print(`${availableParallelism()} processors (${cpus()[0]?.model}), load before: ${load()}`)

const CASES: readonly (readonly [string, (s3: LiveS3) => Promise<Measured>])[] = [
  ['versitygw alone', (s3) => putOnce(s3, size)],
  ...[1, 2].flatMap((processors) =>
    (['docker', 'containerd'] as const).map(
      (style): readonly [string, (s3: LiveS3) => Promise<Measured>] => [
        `${processors} CPU, ${style === 'docker' ? 'PATCH' : 'PUT'}`,
        (s3) => pushOnce(s3, processors, style, size),
      ],
    ),
  ),
]
const results = new Map<string, Measured[]>()
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, measure] of CASES) {
    const s3 = await startLiveS3('versitygw')
    try {
      results.set(name, [...(results.get(name) ?? []), await measure(s3)])
    } finally {
      await s3.close()
    }
  }
}
for (const [name, all] of results) {
  const seconds = median(all.map((each) => each.seconds))
  const cpuSeconds = median(all.map((each) => each.cpuSeconds))
  const used = cpuSeconds > 0 ? `, ${((cpuSeconds * 1e9) / size).toFixed(1)} s of CPU a GB` : ''
  print(`${name}: ${(size / MEGABYTE / seconds).toFixed(0)} MB/s${used}`)
}
print(`load after: ${load()}`)
