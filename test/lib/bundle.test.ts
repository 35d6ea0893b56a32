/**
 * The function's code: how much of it there is, and how much of that a cold start reads.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Context } from 'aws-lambda'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, test } from 'vitest'
import { type ApiBundle, bundleApi, bundleCommand } from '../../packaging/bundle.ts'
import { loadedAtStart, sizeOf } from '../../packaging/bundle-size.ts'
import { bundlePage } from '../../packaging/page.ts'
import { get } from '../handlers/events.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'

/** What of the SDK is loaded for few requests, or by one of the functions. */
const CLIENTS = ['eventbridge', 'kms', 's3', 'secrets-manager']

type Outputs = Metafile['outputs']

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let outputs: Outputs
let withTraces: ApiBundle['withTraces']
const api = () => join(directory.path, 'api')
const traces = () => join(directory.path, 'traces')
beforeAll(async () => {
  directory = await temporaryDirectory()
  const bundle = bundleApi(api(), traces())
  outputs = bundle.outputs
  withTraces = bundle.withTraces
})
afterAll(() => directory.remove())

const sourcesOf = (bundle: Outputs): string[] =>
  Object.values(bundle).flatMap(({ inputs }) => Object.keys(inputs))

/** Files below a directory that have these words. */
const filesWith = (path: string, words: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mjs'))
    .filter((name) => readFileSync(join(path, name), 'utf8').includes(words))

test('nothing of the Node server or of traces is in it', () => {
  const sources = sourcesOf(outputs)
  assert.ok(sources.some((path) => path.includes('functions/auth/')))
  assert.deepEqual(
    sources.filter((path) => /functions\/(?:node|traces)\/|@opentelemetry/.test(path)),
    [],
  )
  assert.deepEqual(filesWith(api(), 'OTEL_'), [])
})

test('traces are beside it, and no more than they need', () => {
  const sources = sourcesOf(withTraces)
  assert.ok(sources.some((path) => path.includes('@opentelemetry/sdk-trace/')))
  assert.deepEqual(
    sources.filter((path) => path.includes('functions/node/')),
    [],
  )
  assert.notDeepEqual(filesWith(traces(), 'OTEL_'), [])
  const more = Object.keys(withTraces).filter((path) => outputs[path] === undefined)
  assert.ok(more.some((path) => path.endsWith('/api-traced.mjs')))
  for (const path of more) assert.ok(existsSync(join(traces(), path.split('/api/')[1]!)), path)
  for (const path of Object.keys(outputs)) assert.ok(existsSync(path), path)
  const [plain, traced] = [
    sizeOf(outputs, loadedAtStart(outputs)),
    sizeOf(withTraces, loadedAtStart(withTraces, 'api-traced')),
  ]
  assert.ok(traced - plain < 100_000, `${traced - plain} bytes`)
})

test('all of it is less than 2.1 MB: NATS is 0.3 MB, upstreams 0.15 MB, the Public Suffix List included', () => {
  const size = sizeOf(outputs, Object.keys(outputs))
  assert.ok(size < 2_100_000, `${size} bytes`)
})

test('a start reads nothing of upstreams', () => {
  const sources = [...loadedAtStart(outputs)].flatMap((path) =>
    Object.keys(outputs[path]?.inputs ?? {}),
  )
  const ofUpstreams =
    /functions\/upstreams\/|pull-through|passing-upstreams|open-upstreams|api\/upstream-blobs|tldts/
  assert.deepEqual(
    sources.filter((path) => ofUpstreams.test(path)),
    [],
  )
  assert.ok(sourcesOf(outputs).some((path) => ofUpstreams.test(path)))
})

test('a start reads nothing of the first API', () => {
  const ofFirstApi = /functions\/v1\/|api\/v1\//
  const atStart = [...loadedAtStart(outputs)].flatMap((path) =>
    Object.keys(outputs[path]?.inputs ?? {}),
  )
  assert.deepEqual(
    atStart.filter((path) => ofFirstApi.test(path)),
    [],
  )
  assert.ok(sourcesOf(outputs).some((path) => ofFirstApi.test(path)))
})

test('a start reads nothing of the page but where it is', () => {
  const ofPage = /functions\/page\/|api\/(?:page|browse)\/|page-files|account-session/
  const atStart = [...loadedAtStart(outputs)].flatMap((path) =>
    Object.keys(outputs[path]?.inputs ?? {}),
  )
  assert.deepEqual(
    atStart.filter((path) => ofPage.test(path)),
    [],
  )
  assert.ok(sourcesOf(outputs).some((path) => ofPage.test(path)))
})

test('the page is found beside it, by those who ask for it', async () => {
  bundlePage(join(api(), 'page'))
  const bucket = await startBucket()
  try {
    const { createHandler } = (await import(
      pathToFileURL(join(api(), 'api.mjs')).href
    )) as typeof import('../../functions/handlers/api.ts')
    const send = async (path: string, page: string) => {
      const event = get(path, { accept: 'text/html', 'accept-encoding': 'gzip' })
      const handler = createHandler({ ...bucket.env, SLIPWAY_PAGE: page })
      return handler(event, {} as Context)
    }
    const { statusCode, headers, body, isBase64Encoded } = await send('/', 'on')
    assert.deepEqual([statusCode, isBase64Encoded], [200, true])
    assert.equal(headers?.['content-encoding'], 'gzip')
    const html = gunzipSync(Buffer.from(body ?? '', 'base64')).toString()
    const [script = ''] = /\/page\/main-\w+\.js/.exec(html) ?? []
    assert.equal((await send(script, 'on')).statusCode, 200)
    assert.equal((await send(script, 'off')).statusCode, 404)
    const off = await send('/', 'off')
    assert.equal(off.headers?.['content-type'], 'text/plain; charset=UTF-8')
  } finally {
    await bucket.server.close()
  }
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

test('a start reads two files: the entry, and one with all that is in it', () => {
  const loaded = [...loadedAtStart(outputs)].map((path) => basename(path))
  assert.deepEqual(loaded, ['api.mjs', 'start.mjs'])
  const twice = Map.groupBy(sourcesOf(outputs), (source) => source)
  const copies = [...twice].filter(([, { length }]) => length > 1).map(([source]) => source)
  assert.deepEqual(copies, [])
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
