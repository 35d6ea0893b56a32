/**
 * `slipway push` beside `skopeo copy`: the same image to Slipway on versitygw, each connection of the client
 * and of the registry held to 90 MB/s with 20 ms: `node bench/push.ts [ROUNDS] [LAYERSxMB...]`, after
 * `npm run build`. It needs some GB below TMPDIR.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { OCI_INDEX, OCI_MANIFEST } from '../functions/registry/media-types.ts'
import { projectRoot, run, scratch } from '../test/support/live/process.ts'
import { startRegistry } from '../test/support/live/registry.ts'
import { startLiveS3 } from '../test/support/live/s3.ts'
import { startRelay } from './throttle.ts'

const MEGABYTE = 1_000_000
/** How many times slower the lines are: on a machine that does other work, this shows what they cost alone. */
const SLOWER = Number(process.env.SLOWER ?? 1)
const LINE = { rate: (90 * MEGABYTE) / SLOWER, roundTrip: 20 * SLOWER }

/** Writes a layout of one image, whose layers are stored in gzip and cannot be compressed. */
const writeLayout = (directory: string, layers: number, megabytes: number): void => {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
  const put = (bytes: Uint8Array, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength }
  }
  const diffs: string[] = []
  const made = Array.from({ length: layers }, () => {
    const bytes = randomBytes(megabytes * MEGABYTE)
    diffs.push(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
    return put(gzipSync(bytes, { level: 0 }), 'application/vnd.oci.image.layer.v1.tar+gzip')
  })
  const json = (value: object) => Buffer.from(JSON.stringify(value))
  const platform = { architecture: 'amd64', os: 'linux' }
  const config = put(
    json({ ...platform, rootfs: { type: 'layers', diff_ids: diffs }, config: {} }),
    'application/vnd.oci.image.config.v1+json',
  )
  const manifest = put(
    json({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: made }),
    OCI_MANIFEST,
  )
  const annotations = { 'org.opencontainers.image.ref.name': 'v1' }
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(
    join(directory, 'index.json'),
    json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...manifest, annotations }] }),
  )
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Seconds of both processors: at work, and in all. */
const processorTime = (): readonly [busy: number, all: number] => {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/)
  const times = fields.slice(0, 8).map(Number)
  const all = times.reduce((sum, each) => sum + each, 0)
  return [all - (times[3] ?? 0) - (times[4] ?? 0), all]
}

interface Measured {
  readonly seconds: number
  /** Share of both processors. */
  readonly busy: number
  /** Seconds that the client kept a processor busy. */
  readonly client: number
}

/** How long something takes in seconds, and how busy the machine was. */
const measure = async (work: () => Promise<number>): Promise<Measured> => {
  const [busyBefore, allBefore] = processorTime()
  const start = performance.now()
  const client = await work()
  const seconds = (performance.now() - start) / 1000
  const [busy, all] = processorTime()
  return { seconds, busy: (busy - busyBefore) / (all - allBefore), client }
}

/** Runs a client. @returns the seconds that it kept a processor busy */
const timed = async (...command: readonly string[]): Promise<number> => {
  const script = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null; } 2>&1'
  const printed = await run('bash', ['-c', script, 'bash', ...command])
  const [user = 0, system = 0] = (printed.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return user + system
}

const CLIENTS: Readonly<Record<string, (layout: string, target: string) => Promise<number>>> = {
  'skopeo copy': (layout, target) =>
    timed('skopeo', 'copy', '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${target}`),
  'slipway push': (layout, target) =>
    timed(
      ...['env', `XDG_CACHE_HOME=${layout}`, process.execPath],
      ...[join(projectRoot, 'dist/slipway.mjs'), 'push', layout, target],
    ),
}

const [rounds = '3', ...shapes] = process.argv.slice(2)
const print = (line: string) => process.stdout.write(`${line}\n`)
print(`${cpus().length} processors (${cpus()[0]?.model}), load before: ${loadavg()[0]?.toFixed(1)}`)

for (const shape of shapes.length > 0 ? shapes : ['1x600', '8x75']) {
  const [layers = 1, megabytes = 100] = shape.split('x').map(Number)
  const files = scratch('bench-push')
  const layout = join(files.path, 'layout')
  writeLayout(layout, layers, megabytes)
  const results = new Map<string, Measured[]>()
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, push] of Object.entries(CLIENTS)) {
      const s3 = await startLiveS3('versitygw')
      const store = await startRelay(Number(new URL(s3.endpoint).port), LINE)
      const endpoint = `http://${store.address}`
      const registry = await startRegistry('slipway', { ...s3, endpoint }, { redirects: true })
      const front = await startRelay(Number(registry.address.split(':')[1]), LINE)
      // As of a registry that runs: what the service is tried with once is not part of a push.
      await fetch(`http://${registry.address}/v2/bench/app/blobs/uploads/`, {
        method: 'POST',
        headers: { 'Slipway-Upload': 'parts' },
      })
      const measured = await measure(() => push(layout, `${front.address}/bench/app:v1`))
      results.set(name, [...(results.get(name) ?? []), measured])
      front.close()
      await registry.close()
      store.close()
      await s3.close()
    }
  }
  for (const [name, all] of results) {
    const seconds = median(all.map((each) => each.seconds))
    const busy = median(all.map((each) => each.busy))
    const client = median(all.map((each) => each.client))
    print(
      `${layers} x ${megabytes} MB, ${name}: ${seconds.toFixed(1)} s, ${((layers * megabytes) / seconds).toFixed(0)} MB/s, processors ${(busy * 100).toFixed(0)} % busy, ${client.toFixed(1)} s of one by the client`,
    )
  }
  files.remove()
}
