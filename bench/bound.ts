/**
 * What bounds a server on this machine: what it hashes, writes and passes on in a second, and what a request costs a
 * server of Node that does nothing but answer, beside Slipway on files: `node bench/bound.ts`.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { freePort, scratch } from '../test/support/live/process.ts'
import { putLoad } from './client/load.ts'
import { pushImage } from './client/push.ts'
import { createClient } from './client/wire.ts'
import { createImageMaker } from './content.ts'
import { slipwayPeer } from './peers/slipway.ts'
import { cpuSecondsOf } from './process-usage.ts'
import { summarize } from './statistics.ts'

const SIZE = 200_000_000
const ROUNDS = 5
const CONNECTIONS = 16

const median = async (measure: () => Promise<number>): Promise<number> => {
  const values: number[] = []
  for (let round = 0; round < ROUNDS; round++) values.push(await measure())
  return summarize(values).median
}

/** Prints in how many bytes a second work on {@link SIZE} bytes is done. */
const rate = async (what: string, work: () => unknown): Promise<void> => {
  const seconds = await median(async () => {
    const began = performance.now()
    await work()
    return (performance.now() - began) / 1000
  })
  console.log(`${what}: ${(SIZE / seconds / 1e6).toFixed(0)} MB/s`)
}

/** Writes the bytes, 1 MiB at a time, and waits until the disk has them. */
const write = async (path: string, bytes: Uint8Array): Promise<void> => {
  const step = 1024 * 1024
  const file = await open(path, 'w')
  for (let at = 0; at < bytes.byteLength; at += step) {
    await file.write(bytes.subarray(at, at + step))
  }
  await file.datasync()
  await file.close()
}

/** Sends the bytes from one socket of this process to another. */
const pass = async (bytes: Uint8Array): Promise<void> => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(bytes)
  await once(socket, 'close')
  server.close()
}

/** A server that answers every request with the headers of a blob. */
const BARE = `
  const headers = {
    'Content-Type': 'application/octet-stream', 'Content-Length': '10000', 'Accept-Ranges': 'bytes',
    'Docker-Content-Digest': 'sha256:${'0'.repeat(64)}', ETag: '"sha256:${'0'.repeat(64)}"',
    'Docker-Distribution-Api-Version': 'registry/2.0', 'X-Request-Id': '0123456789abcdef0123456789abcdef',
  }
  require('node:http').createServer((request, response) => response.writeHead(200, headers).end())
    .listen(Number(process.argv[1]), '127.0.0.1', () => console.log('ready'))`

/** Prints how many HEADs of a path a server answers, and what they cost it. */
const request = async (what: string, pid: number, address: string, path: string): Promise<void> => {
  const cpu = () => cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const costs: number[] = []
  const load = { address, method: 'HEAD', paths: [path], status: 200 } as const
  const perSecond = await median(async () => {
    const before = cpu()
    const done = await putLoad({ ...load, connections: CONNECTIONS, seconds: 2 })
    costs.push((1000 * (cpu() - before)) / (done.requestsPerSecond * 2))
    return done.requestsPerSecond
  })
  const milliseconds = summarize(costs).median.toFixed(3)
  console.log(
    `HEAD of a blob, ${what}: ${perSecond.toFixed(0)} a second, ${milliseconds} ms of CPU`,
  )
}

const directory = scratch('bound')
try {
  const bytes = randomBytes(SIZE)
  await rate('SHA-256 on one core', () => hash('sha256', bytes))
  await rate('a file, with fdatasync', () => write(join(directory.path, 'file'), bytes))
  await rate('loopback, both ends in one process', () => pass(bytes))

  const port = await freePort()
  const bare = spawn(process.execPath, ['-e', BARE, String(port)])
  await once(bare.stdout, 'data')
  await request('node:http alone', bare.pid ?? 0, `127.0.0.1:${port}`, '/')
  bare.kill()

  const address = `127.0.0.1:${await freePort()}`
  const own = join(directory.path, 'store')
  const slipway = await slipwayPeer(undefined).start({
    address,
    store: { directory: own },
    redirects: false,
    directory: own,
  })
  const client = createClient(`http://${address}`)
  const image = createImageMaker(100_000).make({ layers: 2, layerBytes: 10_000 })
  await pushImage(client, 'app', 'v1', image, 'docker')
  const path = `/v2/app/blobs/${image.blobs[0]!.digest}`
  await request('Slipway on files', slipway.pid, address, path)
  client.close()
  await slipway.stop()
} finally {
  directory.remove()
}
