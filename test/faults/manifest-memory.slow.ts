/**
 * The worst manifests that fit into 4 MiB cost little memory, seen from outside, and let others through.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { MAX_MANIFEST_BYTES } from '../../functions/registry/manifests.ts'
import { DOCKER_MANIFEST, OCI_INDEX } from '../../functions/registry/media-types.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { freePort, responds, scratch, startDaemon } from '../support/live/process.ts'

const MEBIBYTE = 1024 * 1024

/** Most resident memory that one request adds, in bytes. */
const BUDGET = 64 * MEBIBYTE

/**
 * Milliseconds of CPU that the longest turn of the event loop takes at most: nobody waits longer for
 * another's manifest, or for 100 ms where two other processes want the same core.
 */
const LONGEST_TURN = 60

/** Milliseconds that half of the others' requests wait at most, on a machine that may be busy. */
const PATIENCE = 100

/** Some text around as many items as fit. */
const full = (before: string, item: (at: number) => string, after: string, limit = Infinity) => {
  const items: string[] = []
  let size = before.length + after.length
  for (let at = 0; at < limit; at += 1) {
    const next = item(at)
    size += Buffer.byteLength(next) + 1
    if (size > MAX_MANIFEST_BYTES) break
    items.push(next)
  }
  return Buffer.from(before + items.join() + after)
}

const DESCRIPTOR = `"mediaType":"${DOCKER_MANIFEST}","digest":"sha256:${'0'.repeat(64)}","size":1`
const START = `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":`
const SUBJECT = `${START}[],"subject":{${DESCRIPTOR}},"annotations":{`
const name = (at: number): string => at.toString(36).padStart(8, '_')

const WORST: readonly (readonly [name: string, status: number, body: Buffer])[] = [
  ['objects', 400, full(`${START}[`, () => '{}', ']}')],
  [
    'levels',
    400,
    Buffer.from(`${START}${'['.repeat(1e6)}${']'.repeat(1e6)},"x":${'{"a":'.repeat(1e5)}`),
  ],
  ['levels in what is unknown', 400, Buffer.from(`{"x":${'['.repeat(2e6)}${']'.repeat(2e6)}}`)],
  ['numbers as URLs', 400, full(`${START}[{${DESCRIPTOR},"urls":[`, () => '1', ']}]}')],
  [
    'texts as URLs',
    400,
    full(`${START}[{${DESCRIPTOR},"urls":[`, (at) => `"${at}"`, ']}]}', 110_000),
  ],
  ['annotations, too many', 400, full(SUBJECT, (at) => `"${at.toString(36)}":""`, '}}')],
  [
    'annotations, as many as may be',
    201,
    full(SUBJECT, (at) => `"${name(at)}":"${'v'.repeat(390)}"`, '}}', 10_000),
  ],
  [
    'annotations in Chinese',
    201,
    full(SUBJECT, (at) => `"${name(at)}":"${'字'.repeat(130)}"`, '}}', 10_000),
  ],
  [
    'annotations of many descriptors',
    400,
    full(
      `${START}[`,
      (at) =>
        `{${DESCRIPTOR},"annotations":{${Array.from({ length: 9_000 }, (_, of) => `"${name(of + at)}":"${'v'.repeat(20)}"`)}}}`,
      ']}',
    ),
  ],
  [
    'URLs',
    400,
    full(`${START}[{${DESCRIPTOR},"urls":[`, (at) => `"https://a.example/${at}"`, ']}]}', 110_000),
  ],
  [
    'one text of short escapes',
    201,
    full(SUBJECT, () => `"a":"${'\\n'.repeat(2_090_000)}"`, '}}', 1),
  ],
  ['one name', 201, full(SUBJECT, () => `"${'\\u212a'.repeat(690_000)}":""`, '}}', 1)],
  [
    'embedded content',
    400,
    Buffer.from(`${START}[{${DESCRIPTOR},"data":"${'A'.repeat(4_000_000)}"}]}`),
  ],
  ['one text', 201, full(SUBJECT, () => `"a":"${'\\u5b57'.repeat(690_000)}"`, '}}', 1)],
  ['descriptors', 400, full(`${START}[`, () => `{${DESCRIPTOR}}`, ']}')],
]

/** A process's memory in bytes: now, or the most since it was last reset. */
const memoryOf = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
}

interface Server {
  readonly pid: number
  push(bytes: Uint8Array): Promise<number>
  /** Has what was pushed read and deleted again. */
  pullAndDelete(bytes: Uint8Array): Promise<void>
  /** Asks for something that needs nothing. @returns the milliseconds that it took */
  ask(): Promise<number>
  /** The longest turn of the event loop since the last time, in milliseconds of CPU. */
  longestTurn(): Promise<number>
}

/** Runs something with a server that has taken some manifests already. */
const withServer = async (use: (server: Server) => Promise<void>): Promise<void> => {
  const directory = scratch('manifest-memory')
  const address = `127.0.0.1:${await freePort()}`
  const probe = new URL('../support/live/longest-turn.ts', import.meta.url)
  const daemon = await startDaemon({
    name: 'manifest-memory',
    command: process.execPath,
    args: [
      ...['--import', probe.href],
      ...(await npmStart()),
      ...['--listen', address, '--store', `file:${directory.path}`],
    ],
    ready: () => responds(`http://${address}/v2/`),
    stopSignal: 'SIGKILL',
  })
  const server: Server = {
    pid: daemon.pid,
    async push(bytes) {
      const answer = await fetch(`http://${address}/v2/app/manifests/worst`, {
        method: 'PUT',
        headers: { 'Content-Type': OCI_INDEX },
        body: bytes as Uint8Array<ArrayBuffer>,
      })
      await answer.arrayBuffer()
      return answer.status
    },
    async pullAndDelete(bytes) {
      const url = `http://${address}/v2/app/manifests`
      const pulled = await fetch(`${url}/worst`)
      expect((await pulled.arrayBuffer()).byteLength).toBe(bytes.byteLength)
      const digest = pulled.headers.get('Docker-Content-Digest')
      expect((await fetch(`${url}/${digest}`, { method: 'DELETE' })).status).toBe(202)
    },
    async ask() {
      const began = performance.now()
      await (await fetch(`http://${address}/v2/`)).arrayBuffer()
      return performance.now() - began
    },
    async longestTurn() {
      const found = () => [...daemon.output().matchAll(/longest turn: (\d+) ms/g)]
      const before = found().length
      process.kill(daemon.pid, 'SIGUSR2')
      while (found().length === before) await sleep(10)
      return Number(found().at(-1)?.[1])
    },
  }
  try {
    for (let round = 0; round < 20; round += 1) {
      expect(await server.push(Buffer.from(`${START}[]}`))).toBe(201)
      await server.ask()
    }
    await server.longestTurn()
    await use(server)
  } finally {
    await daemon.stop()
    directory.remove()
  }
}

/** Asks again and again until something is done; returns the milliseconds that each took. */
const askDuring = async (server: Server, under: Promise<unknown>): Promise<number[]> => {
  let done = false
  void under.finally(() => (done = true)).catch(() => {})
  const waits: number[] = []
  while (!done) {
    waits.push(await server.ask())
    await sleep(5)
  }
  return waits.sort((one, other) => one - other)
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? 0

describe('one manifest, pushed, pulled and deleted', () => {
  test.each(WORST)('%s', async (what, status, body) => {
    await withServer(async (server) => {
      const base = memoryOf(server.pid, 'VmRSS')
      writeFileSync(`/proc/${server.pid}/clear_refs`, '5')
      const pushing = server.push(body)
      const waits = await askDuring(server, pushing)
      expect(await pushing).toBe(status)
      if (status === 201) await server.pullAndDelete(body)
      const added = memoryOf(server.pid, 'VmHWM') - base
      const turn = await server.longestTurn()
      console.log(
        `${what}: ${Math.round(added / MEBIBYTE)} MiB over ${Math.round(base / MEBIBYTE)}; the longest turn took ${turn} ms; others waited ${Math.round(median(waits))} ms, ${Math.round(waits.at(-1) ?? 0)} at most`,
      )
      expect(added).toBeLessThan(BUDGET)
      expect(turn).toBeLessThan(LONGEST_TURN)
    })
  })
})

test('all of them at once', async () => {
  await withServer(async (server) => {
    const pushing = Promise.all(WORST.map(([, , body]) => server.push(body)))
    const waits = await askDuring(server, pushing)
    expect(await pushing).toEqual(WORST.map(([, status]) => status))
    const turn = await server.longestTurn()
    console.log(
      `${WORST.length} at once: the longest turn took ${turn} ms; others waited ${Math.round(median(waits))} ms, ${Math.round(waits.at(-1) ?? 0)} at most`,
    )
    expect(turn).toBeLessThan(LONGEST_TURN)
    expect(median(waits)).toBeLessThan(PATIENCE)
  })
})
