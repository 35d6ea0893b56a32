/**
 * Memory of the function that records pulls, in the bundle that is deployed, with the flags and the limit that Lambda
 * gives Node: half of what the stack sets must do.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleApi } from '../../packaging/bundle.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { batchOf } from '../support/hosts/log-batch.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

/** What the stack gives the record of pulls, MiB; see lib/pulls.ts. */
const MEMORY = 512

/** Most bytes of an event that Lambda takes for a call that nobody waits for. */
const MAX_EVENT = 1024 * 1024

/** Calls the handler of a bundle with events of a file, and prints the most memory that it took, in MiB. */
const CALLER = `
import { readFileSync } from 'node:fs'
const { handler } = await import(process.argv[2])
for (const event of JSON.parse(readFileSync(process.argv[3], 'utf8'))) await handler(event)
console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS / 1024 }))
process.exit()
`

let files: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  files = await temporaryDirectory()
  bundleApi(files.path)
  writeFileSync(join(files.path, 'caller.mjs'), CALLER)
})
afterAll(() => files.remove())

/** Calls a function as Lambda runs it. @returns MiB */
const peakOf = async (name: string, events: readonly object[], env: object): Promise<number> => {
  const path = join(files.path, 'events.json')
  writeFileSync(path, JSON.stringify(events))
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${Math.floor(MEMORY * 0.9)}`,
      `--max-semi-space-size=${Math.floor(MEMORY * 0.05)}`,
      join(files.path, 'caller.mjs'),
      join(files.path, `${name}.mjs`),
      path,
    ],
    { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(code).toBe(0)
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '').peak
}

const digestOf = (number: number): string =>
  `sha256:${createHash('sha256').update(String(number)).digest('hex')}`

test('the record of pulls takes the largest batch, twice', {
  timeout: 900_000,
}, async () => {
  const s3 = await startS3()
  const line = (at: number): string =>
    JSON.stringify({
      level: 'info',
      time: new Date(0).toISOString(),
      pulled: { repository: `${'a'.repeat(200)}/${at % 100}`, digest: digestOf(at) },
      msg: 'pulled',
    })
  const lines = Array.from({ length: 18_000 }, (_, at) => line(at))
  const event = { awslogs: { data: batchOf(lines) } }
  // No batch has more: it would not fit into an event.
  expect(JSON.stringify(event).length).toBeGreaterThan(MAX_EVENT)
  const peak = await peakOf('pulls', [event, event], {
    SLIPWAY_STORE: `s3://${s3.bucket}`,
    SLIPWAY_S3_ENDPOINT: s3.endpoint,
    SLIPWAY_S3_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  })
  // What is beyond is not recorded.
  expect(s3.objects.keys().length).toBe(10_000)
  expect(peak, `${peak} MiB`).toBeLessThan(MEMORY / 2)
  await s3.close()
})
