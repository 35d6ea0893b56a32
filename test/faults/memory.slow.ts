/**
 * Memory of a server under large pushes: bounded, however large they are and however many at once.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { afterAll, describe, test } from 'vitest'
import type { Digest } from '../../functions/registry/digest.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { type Daemon, freePort, responds, scratch, startDaemon } from '../support/live/process.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'

const MEBIBYTE = 1024 * 1024

/** Most resident memory of the server, in bytes. */
const BUDGET = 300 * MEBIBYTE

/** Bytes of a large blob, no two blocks of which are alike. */
async function* bytesOf(seed: string, size: number): AsyncGenerator<Buffer> {
  const block = createHash('shake256', { outputLength: MEBIBYTE }).update(seed).digest()
  for (let at = 0; at < size; at += MEBIBYTE) {
    const copy = Buffer.from(block)
    copy.writeDoubleBE(at)
    yield copy.subarray(0, Math.min(MEBIBYTE, size - at))
  }
}

const digestOf = async (seed: string, size: number): Promise<Digest> => {
  const hash = createHash('sha256')
  for await (const chunk of bytesOf(seed, size)) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

/** The most memory a process has had, in bytes. */
const peakOf = ({ pid }: Daemon): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

interface Server {
  readonly daemon: Daemon
  readonly send: Send
  close(): Promise<void>
}

const serve = async (store: readonly string[], env: Record<string, string>): Promise<Server> => {
  const address = `127.0.0.1:${await freePort()}`
  const daemon = await startDaemon({
    name: 'memory',
    command: process.execPath,
    args: [...(await npmStart()), '--listen', address, ...store, '--redirects', 'off'],
    env,
    ready: () => responds(`http://${address}/v2/`),
  })
  const agent: Agent = createAgent()
  return {
    daemon,
    send: (request, body, headers) =>
      sendOver(agent, `http://${address}`, { ...requestLine(request), body, headers }),
    close: async () => {
      agent.destroy()
      await daemon.stop()
    },
  }
}

const onFiles = async (): Promise<Server> => {
  const directory = scratch('memory')
  const server = await serve(['--store', `file:${directory.path}`], {})
  return {
    ...server,
    close: async () => {
      await server.close()
      directory.remove()
    },
  }
}

const onS3 = async (): Promise<Server> => {
  const s3 = await startS3()
  const store = ['--store', `s3://${s3.bucket}`, '--s3-endpoint', s3.endpoint]
  const env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey }
  const server = await serve(store, env)
  return {
    ...server,
    close: async () => {
      await server.close()
      await s3.close()
    },
  }
}

/** Streams a blob, as one PATCH or in the PUT. */
const push = async (send: Send, style: string, seed: string, size: number): Promise<Digest> => {
  const digest = await digestOf(seed, size)
  let location = locationOf(await expectStatus(202, send('POST /v2/app/blobs/uploads/')))
  let body: AsyncIterable<Uint8Array> | undefined = bytesOf(seed, size)
  if (style === 'docker-style') {
    location = locationOf(await expectStatus(202, send(`PATCH ${location}`, body)))
    body = undefined
  }
  await expectStatus(201, send(`PUT ${location}&digest=${digest}`, body))
  return digest
}

const sizeOf = async (send: Send, digest: Digest): Promise<number> => {
  const { headers } = await expectStatus(200, send(`HEAD /v2/app/blobs/${digest}`))
  return Number(headers.get('Content-Length'))
}

for (const [name, open] of [
  ['file store', onFiles],
  ['S3', onS3],
] as const) {
  for (const style of ['docker-style', 'containerd-style']) {
    describe(`${name}, ${style}`, async () => {
      const server = await open()
      afterAll(server.close)

      test('8 pushes of 256 MiB at once', async (t) => {
        const size = 256 * MEBIBYTE
        const seeds = Array.from({ length: 8 }, (_, at) => `${name} ${style} ${at}`)
        const digests = await Promise.all(seeds.map((seed) => push(server.send, style, seed, size)))
        for (const digest of digests) assert.equal(await sizeOf(server.send, digest), size)
        const peak = peakOf(server.daemon)
        await t.annotate(`peak ${Math.round(peak / MEBIBYTE)} MiB`)
        assert.ok(peak < BUDGET, `peak ${Math.round(peak / MEBIBYTE)} MiB`)
      })

      test('one push of 1 GiB', async (t) => {
        const size = 1024 * MEBIBYTE
        const digest = await push(server.send, style, `${name} ${style} 1 GiB`, size)
        assert.equal(await sizeOf(server.send, digest), size)
        const peak = peakOf(server.daemon)
        await t.annotate(`peak ${Math.round(peak / MEBIBYTE)} MiB`)
        assert.ok(peak < BUDGET, `peak ${Math.round(peak / MEBIBYTE)} MiB`)
      })
    })
  }
}
