/**
 * Memory of a server under large pushes: bounded, however large they are and however many at once.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest'
import type { Digest } from '../../functions/registry/reference.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { type Daemon, freePort, responds, scratch, startDaemon } from '../support/live/process.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'

const MEBIBYTE = 1024 * 1024

/** Most resident memory of the server, in bytes. */
const BUDGET = 300 * MEBIBYTE

/** Mebibytes of each of eight blobs, and of one: several budgets. `.ci/long memory` pushes larger ones. */
const [EACH, ONE] = process.env.SLIPWAY_MEMORY === 'large' ? [256, 1024] : [128, 512]

/** Bytes of a large blob, no two blocks of which are alike. */
async function* bytesOf(seed: string, size: number): AsyncGenerator<Buffer> {
  const block = createHash('shake256', { outputLength: MEBIBYTE }).update(seed).digest()
  for (let at = 0; at < size; at += MEBIBYTE) {
    const copy = Buffer.from(block)
    copy.writeDoubleBE(at)
    yield copy.subarray(0, Math.min(MEBIBYTE, size - at))
  }
}

const digests = new Map<string, Digest>()

/** The digest of a large blob, computed once for all servers. */
const digestOf = async (seed: string, size: number): Promise<Digest> => {
  const known = digests.get(seed)
  if (known !== undefined) return known
  const hash = createHash('sha256')
  for await (const chunk of bytesOf(seed, size)) {
    hash.update(chunk)
    // Otherwise connections that the server closes meanwhile would seem to be open.
    await setImmediate()
  }
  const digest: Digest = `sha256:${hash.digest('hex')}`
  digests.set(seed, digest)
  return digest
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

type Annotate = TestContext['annotate']

for (const [name, open] of [
  ['file store', onFiles],
  ['S3', onS3],
] as const) {
  for (const style of ['docker-style', 'containerd-style']) {
    describe(`${name}, ${style}`, () => {
      let server: Server
      beforeAll(async () => {
        server = await open()
      })
      afterAll(() => server?.close())

      const pushAll = async (annotate: Annotate, seeds: readonly string[], size: number) => {
        const pushed = await Promise.all(seeds.map((seed) => push(server.send, style, seed, size)))
        for (const digest of pushed) assert.equal(await sizeOf(server.send, digest), size)
        const peak = `peak ${Math.round(peakOf(server.daemon) / MEBIBYTE)} MiB`
        await annotate(peak)
        assert.ok(peakOf(server.daemon) < BUDGET, peak)
      }

      test(`8 pushes of ${EACH} MiB at once`, async ({ annotate }) => {
        const seeds = Array.from({ length: 8 }, (_, at) => `one of eight: ${at}`)
        await pushAll(annotate, seeds, EACH * MEBIBYTE)
      })

      test(`one push of ${ONE} MiB`, async ({ annotate }) => {
        await pushAll(annotate, ['one'], ONE * MEBIBYTE)
      })
    })
  }
}
