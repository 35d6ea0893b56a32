/** `slipway push` that is stopped leaves nothing behind. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Header } from 'tar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { until } from '../support/until.ts'

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  temporary = await temporaryDirectory()
})
afterAll(() => temporary.remove())

const start = (image: string) => {
  const cli = join(import.meta.dirname, '../../functions/handlers/cli.ts')
  const child = spawn(process.execPath, [cli, 'push', image, 'registry.example/app:v1'], {
    env: { ...process.env, TMPDIR: temporary.path, HOME: temporary.path },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.on('error', () => {})
  return child
}

const files = () => readdirSync(temporary.path, { recursive: true }).map(String)

test.each(['SIGINT', 'SIGTERM'] as const)('by %s, while it reads an archive', async (signal) => {
  const child = start('-')
  const block = Buffer.alloc(512)
  new Header({ path: 'VERSION', mode: 0o644, size: 5_000_000, type: 'File' }).encode(block, 0)
  child.stdin.write(Buffer.concat([block, Buffer.alloc(1_000_000)]))
  await until(() => files().some((name) => name.endsWith('entry-0')))
  child.kill(signal)
  expect(await once(child, 'exit')).toEqual([130, null])
  expect(files()).toEqual([])
})

test('by a failure, while more is to come', async () => {
  const child = start('-')
  child.stdin.write(Buffer.alloc(1024, 'no archive'))
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(files()).toEqual([])
})
