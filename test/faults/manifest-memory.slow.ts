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
 * Milliseconds that another request waits at most: 100 on a machine with nothing else to do, of which
 * the test prints what it saw.
 */
const PATIENCE = 5000

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
    full(SUBJECT, (at) => `"${name(at)}":"${'v'.repeat(20)}"`, '}}', 119_000),
  ],
  [
    'annotations in Chinese',
    201,
    full(SUBJECT, (at) => `"${name(at)}":"${'字'.repeat(7)}"`, '}}', 119_000),
  ],
  ['one text', 201, full(SUBJECT, () => `"a":"${'\\u5b57'.repeat(690_000)}"`, '}}', 1)],
  ['descriptors', 400, full(`${START}[`, () => `{${DESCRIPTOR}}`, ']}')],
]

/** A process's memory in bytes: now, or the most since it was last reset. */
const memoryOf = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
}

describe('one manifest', () => {
  test.each(WORST)('%s', async (what, status, body) => {
    const directory = scratch('manifest-memory')
    const address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'manifest-memory',
      command: process.execPath,
      args: [...(await npmStart()), '--listen', address, '--store', `file:${directory.path}`],
      ready: () => responds(`http://${address}/v2/`),
    })
    try {
      const push = async (bytes: Uint8Array): Promise<number> => {
        const answer = await fetch(`http://${address}/v2/app/manifests/worst`, {
          method: 'PUT',
          headers: { 'Content-Type': OCI_INDEX },
          body: bytes as Uint8Array<ArrayBuffer>,
        })
        await answer.arrayBuffer()
        return answer.status
      }
      const ask = async (): Promise<number> => {
        const began = performance.now()
        await (await fetch(`http://${address}/v2/`)).arrayBuffer()
        return performance.now() - began
      }
      for (let round = 0; round < 20; round += 1) {
        expect(await push(Buffer.from(`${START}[]}`))).toBe(201)
        await ask()
      }
      const base = memoryOf(daemon.pid, 'VmRSS')
      writeFileSync(`/proc/${daemon.pid}/clear_refs`, '5')

      let pushing = true
      const waits: number[] = []
      const others = async (): Promise<void> => {
        while (pushing) {
          waits.push(await ask())
          await sleep(5)
        }
      }
      const [pushed] = await Promise.all([push(body).finally(() => (pushing = false)), others()])
      expect(pushed).toBe(status)
      const added = memoryOf(daemon.pid, 'VmHWM') - base
      const longest = Math.max(...waits)
      console.log(
        `${what}: ${Math.round(added / MEBIBYTE)} MiB over ${Math.round(base / MEBIBYTE)}, others waited ${Math.round(longest)} ms at most`,
      )
      expect(added).toBeLessThan(BUDGET)
      expect(longest).toBeLessThan(PATIENCE)
    } finally {
      await daemon.stop()
      directory.remove()
    }
  })
})
