/**
 * The function's code: how much of it there is, and how much of that a cold start reads.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, test } from 'vitest'
import { bundleApi } from '../../packaging/bundle.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

type Outputs = Metafile['outputs']

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let outputs: Outputs
beforeAll(async () => {
  directory = await temporaryDirectory()
  outputs = bundleApi(directory.path).outputs
})
afterAll(() => directory.remove())

const sizeOf = (paths: Iterable<string>): number =>
  [...paths].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0)

/** What is loaded with the handler: it, and all that is imported without `await`. */
const loadedAtStart = (): Set<string> => {
  const loaded = new Set<string>()
  const load = (path: string): void => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const { kind, external, path: next } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) load(next)
    }
  }
  load(Object.keys(outputs).find((path) => path.endsWith('/api.mjs')) ?? '')
  return loaded
}

test('nothing of the Node server is in it, such as the thread that compares passwords', () => {
  const sources = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  assert.ok(sources.some((path) => path.includes('functions/auth/')))
  assert.deepEqual(
    sources.filter((path) => path.includes('functions/node/')),
    [],
  )
})

test('all of it is less than 1.1 MB', () => {
  const size = sizeOf(Object.keys(outputs))
  assert.ok(size < 1_100_000, `${size} bytes`)
})

test('a start reads less than 700 kB, and nothing that few requests need', () => {
  const loaded = loadedAtStart()
  const size = sizeOf(loaded)
  assert.ok(size < 700_000, `${size} bytes`)
  const packages = [...loaded].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}))
  assert.ok(packages.some((path) => path.includes('node_modules/hono/')))
  for (const absent of ['yaml', 'hash-wasm', '@aws-sdk/client-kms']) {
    const found = packages.filter((path) => path.includes(`node_modules/${absent}/`))
    assert.deepEqual(found, [], absent)
  }
})
