/**
 * A crowd of uploads that stand still, and honest pushes beside them, on a real server.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sendOver } from '../hosts/wire.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../rig/client.ts'
import { npmStart } from './npm-start.ts'
import { freePort, responds, startDaemon } from './process.ts'

const MEBIBYTE = 1024 * 1024

/** Bytes that a stalled upload sends before it stands still; a few more are missing. */
const SENT = [10_000, 100_000, 1_200_000, 3_000_000, 6_000_000, 13_000_000]
const MISSING = 1000

/** What all blobs consist of but for the first bytes of each mebibyte. */
const material = createHash('shake256', { outputLength: MEBIBYTE }).update('stalled').digest()

/** Bytes of a blob, no two blocks of which are alike. */
function* blocksOf(number: number, size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += MEBIBYTE) {
    const block = Buffer.from(material.subarray(0, Math.min(MEBIBYTE, size - at)))
    block.writeDoubleBE(number)
    block.writeDoubleBE(at, 8)
    yield block
  }
}

const digestOf = async (number: number, size: number): Promise<string> => {
  const hash = createHash('sha256')
  for (const block of blocksOf(number, size)) {
    hash.update(block)
    // Otherwise connections that the server closes meanwhile would seem to be open.
    await nextTurn()
  }
  return `sha256:${hash.digest('hex')}`
}

const begin = async (send: Send): Promise<string> =>
  locationOf(await expectStatus(202, send('POST /v2/app/blobs/uploads/')))

/** Every way to send a blob's bytes, as the first lines of its request. */
const WAYS: readonly ((send: Send, digest: string, size: number) => Promise<string>)[] = [
  async (_, digest) => `POST /v2/app/blobs/uploads/?digest=${digest} HTTP/1.1\r\n`,
  async (send) => `PATCH ${await begin(send)} HTTP/1.1\r\n`,
  async (send, _, size) =>
    `PATCH ${await begin(send)} HTTP/1.1\r\nContent-Range: 0-${size - 1}\r\n`,
  async (send, digest) => `PUT ${await begin(send)}&digest=${digest} HTTP/1.1\r\n`,
]

/** An upload that has sent nearly everything. */
interface Stalled {
  readonly socket: Socket
  readonly rest: Buffer
  /** Status of the response, once there is one; 0 if there is none. */
  readonly status: Promise<number>
}

const stall = async (send: Send, url: URL, number: number): Promise<Stalled> => {
  const size = (SENT[number % SENT.length] ?? 0) + MISSING
  const way = WAYS[Math.floor(number / SENT.length) % WAYS.length]
  const head = await way?.(send, await digestOf(number, size), size)
  const socket = connect(Number(url.port), url.hostname)
  socket.on('error', () => {})
  const status = new Promise<number>((resolve) => {
    socket.once('data', (answer) => resolve(Number(answer.toString().split(' ')[1])))
    socket.once('close', () => resolve(0))
  })
  socket.write(`${head}Host: x\r\nContent-Length: ${size}\r\n\r\n`)
  const whole = Buffer.concat([...blocksOf(number, size)])
  socket.write(whole.subarray(0, size - MISSING))
  return { socket, status, rest: whole.subarray(size - MISSING) }
}

/** Pushes as docker does, or as containerd does. */
const push = async (send: Send, number: number, size: number): Promise<string> => {
  const digest = await digestOf(number, size)
  let location = await begin(send)
  let body: AsyncIterable<Uint8Array> | undefined = (async function* () {
    yield* blocksOf(number, size)
  })()
  if (number % 2 === 0) {
    location = locationOf(await expectStatus(202, send(`PATCH ${location}`, body)))
    body = undefined
  }
  await expectStatus(201, send(`PUT ${location}&digest=${digest}`, body))
  return digest
}

export interface CrowdOptions {
  /** Flags that name the store, and the environment with its credentials. */
  readonly store: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** How many uploads stand still, how many are pushed beside them, and the bytes of each of these. */
  readonly stalled: number
  readonly honest: number
  readonly bytes: number
}

export interface Crowd {
  /** Most resident memory of the server until the honest pushes had ended, and in all, in bytes. */
  readonly peak: number
  readonly peakAtEnd: number
  /** Seconds from the first upload to the end of the last honest push. */
  readonly seconds: number
  /** Statuses of the stalled uploads, which go on in the end. */
  readonly statuses: readonly number[]
}

/**
 * Has uploads of every kind and of many sizes stand still. Half of the honest pushes begin in the midst of
 * them, the others when all stand still. In the end those that stood still go on.
 *
 * @throws AssertionError when an honest push fails
 */
export const crowd = async (options: CrowdOptions): Promise<Crowd> => {
  const address = `127.0.0.1:${await freePort()}`
  const url = `http://${address}`
  const daemon = await startDaemon({
    name: 'stalled',
    command: process.execPath,
    args: [
      ...(await npmStart()),
      ...['--listen', address, ...options.store, '--redirects', 'off', '--upload-timeout', '1d'],
    ],
    env: options.env,
    ready: () => responds(`${url}/v2/`),
  })
  const peak = (): number => {
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const send: Send = (request, body, headers) =>
    sendOver(agent, url, { ...requestLine(request), body, headers })
  const stalled: Stalled[] = []
  try {
    const gather = async () => {
      for (let number = 0; number < options.stalled; number += 1) {
        stalled.push(await stall(send, new URL(url), number))
      }
    }
    const half = Math.ceil(options.honest / 2)
    const pushes = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => push(send, 1e6 + from + at, options.bytes))
    const started = performance.now()
    const early = pushes(0, half)
    await gather()
    const digests = await Promise.all([...early, ...pushes(half, options.honest)])
    const seconds = (performance.now() - started) / 1000
    for (const digest of digests) await expectStatus(200, send(`HEAD /v2/app/blobs/${digest}`))
    const before = peak()
    for (const { socket, rest } of stalled) socket.write(rest)
    const statuses = await Promise.all(stalled.map(({ status }) => status))
    return { peak: before, peakAtEnd: peak(), seconds, statuses }
  } finally {
    for (const { socket } of stalled) socket.destroy()
    agent.destroy()
    await daemon.stop()
  }
}
