/**
 * The function's code: how much of it there is, and how much of that a cold start reads.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, test } from 'vitest'
import { bundleApi, bundleCommand } from '../../packaging/bundle.ts'
import { loadedAtStart, sizeOf } from '../../packaging/bundle-size.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

/** What of the SDK is loaded for few requests, or by one of the functions. */
const CLIENTS = ['eventbridge', 'kms', 's3', 'secrets-manager']

type Outputs = Metafile['outputs']

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let outputs: Outputs
beforeAll(async () => {
  directory = await temporaryDirectory()
  outputs = bundleApi(directory.path).outputs
})
afterAll(() => directory.remove())

test('nothing of the Node server or of traces is in it', () => {
  const sources = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  assert.ok(sources.some((path) => path.includes('functions/auth/')))
  assert.deepEqual(
    sources.filter((path) => /functions\/(?:node|traces)\/|@opentelemetry/.test(path)),
    [],
  )
})

test('all of it is less than 1.6 MB, what few requests need included: NATS is 0.3 MB', () => {
  const size = sizeOf(outputs, Object.keys(outputs))
  assert.ok(size < 1_600_000, `${size} bytes`)
})

test('a start reads less than 500 kB, and nothing that few requests need', () => {
  const loaded = loadedAtStart(outputs)
  const size = sizeOf(outputs, loaded)
  assert.ok(size < 500_000, `${size} bytes`)
  const packages = [...loaded].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}))
  assert.ok(packages.some((path) => path.includes('node_modules/hono/')))
  for (const absent of ['yaml', 'hash-wasm', ...CLIENTS.map((name) => `@aws-sdk/client-${name}`)]) {
    const found = packages.filter((path) => path.includes(`node_modules/${absent}/`))
    assert.deepEqual(found, [], absent)
  }
})

test('what is loaded later has its names: import() of CommonJS gives a default alone', () => {
  const later = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ kind, external }) => kind === 'dynamic-import' && !external),
  )
  assert.ok(later.length > 20)
  const nameless = later.filter(({ path }) => outputs[path]?.exports.join() === 'default')
  assert.deepEqual(nameless, [])
})

test('the command is in ASCII, which V8 keeps in a byte each', () => {
  const file = join(directory.path, 'command', 'command.mjs')
  bundleCommand(file)
  assert.match(readFileSync(file, 'latin1'), /^[\0-\x7f]*$/)
})
