/**
 * Traces of what skopeo and crane do, as a collector gets them; and a collector that is not there.
 *
 * @module
 */

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { type SourceImage, sourceImage } from './support/image.ts'
import { type Collector, type SentSpan, startCollector } from './support/otlp-collector.ts'

const directory = scratch('traces')
let image: SourceImage
beforeAll(async () => {
  image = await sourceImage('small')
}, 900_000)
afterAll(directory.remove)

const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args])

/** Pushes with skopeo, and pulls with crane. */
const use = async ({ address }: LiveRegistry): Promise<void> => {
  const remote = `${address}/team/app:v1`
  await skopeo('copy', '--dest-tls-verify=false', `oci:${image.layout}:v1`, `docker://${remote}`)
  await run('crane', ['pull', '--format=oci', remote, join(directory.path, 'pulled')])
  await skopeo('delete', '--tls-verify=false', `docker://${remote}`)
}

/** Lines of the log, as they are. */
const lines = (registry: LiveRegistry): readonly Readonly<Record<string, unknown>>[] =>
  registry
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))

describe('a collector gets', () => {
  let collector: Collector
  let registry: LiveRegistry
  let requests: readonly SentSpan[]
  beforeAll(async () => {
    collector = await startCollector()
    const store = { directory: join(directory.path, 'followed') }
    registry = await startRegistry('slipway', store, {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        // What is left, the end of the server sends.
        OTEL_BSP_SCHEDULE_DELAY: '3600000',
      },
    })
    await use(registry)
    await registry.close()
    requests = collector.spans.filter(({ kind }) => kind === 'SERVER')
  })
  afterAll(() => collector.close())

  test('what the schema knows, and nothing else', () => {
    expect(collector.spans.length).toBeGreaterThan(20)
    expect(collector.faults).toEqual([])
  })

  test('a span for each line of the log, found by its ids', () => {
    const logged = lines(registry).filter(({ msg }) => msg === 'request')
    expect(logged.length).toBeGreaterThan(10)
    for (const { trace_id, span_id, requestId, status, method, path } of logged) {
      const span = requests.find(({ spanId }) => spanId === span_id)
      expect(span).toMatchObject({ traceId: trace_id, parentSpanId: '' })
      expect(span?.attributes).toMatchObject({
        'slipway.request.id': requestId,
        'http.response.status_code': String(status),
        'http.request.method': method,
        'url.path': path,
        'client.address': '127.0.0.1',
      })
    }
    expect(requests.length).toBe(logged.length)
  })

  test('few names, by route', () => {
    expect([...new Set(requests.map(({ name }) => name))].sort()).toEqual([
      'DELETE /v2/{name}/manifests/{reference}',
      'GET /v2/',
      'GET /v2/{name}/blobs/{digest}',
      'GET /v2/{name}/manifests/{reference}',
      'HEAD /v2/{name}/blobs/{digest}',
      'PATCH /v2/{name}/blobs/uploads/{uuid}',
      'POST /v2/{name}/blobs/uploads/',
      'PUT /v2/{name}/blobs/uploads/{uuid}',
      'PUT /v2/{name}/manifests/{reference}',
    ])
  })

  test('trees: what a request waits for is part of it', () => {
    for (const { spanId, traceId } of requests) {
      const below = collector.spans.filter(
        (span) => span.traceId === traceId && span.spanId !== spanId,
      )
      expect(below.some(({ name }) => name === 'authorize')).toBe(true)
      for (const each of below) {
        expect(each.parentSpanId).toMatch(/^[0-9a-f]{16}$/)
        // Not compared with those of others: each span has a clock of its own.
        expect(each.end).toBeGreaterThanOrEqual(each.start)
      }
    }
    const put = requests.find(({ name }) => name.startsWith('PUT /v2/{name}/manifests/'))
    const calls = collector.spans.filter(({ parentSpanId }) => parentSpanId === put?.spanId)
    const written = calls
      .filter(({ name }) => name === 'store.put')
      .map(({ attributes }) => attributes['slipway.store.key'])
    expect(written).toEqual(expect.arrayContaining(['blob', 'manifest link', 'tag']))
  })

  test('who it is', () => {
    for (const { resource } of collector.spans) {
      expect(resource).toMatchObject({
        'service.name': 'slipway',
        'deployment.environment.name': 'test',
        'telemetry.sdk.language': 'nodejs',
      })
    }
  })

  test('no state of uploads, and no secret', () => {
    const said = collector.spans.map(({ name, attributes }) => [name, ...Object.values(attributes)])
    expect(said.flat().filter((text) => /_state|\?/.test(text))).toEqual([])
  })
})

test('a collector that is not there costs a line of the log, and no request', async () => {
  const store = { directory: join(directory.path, 'alone') }
  const registry = await startRegistry('slipway', store, {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '100',
      OTEL_BSP_SCHEDULE_DELAY: '10',
    },
  })
  await skopeo(
    ...['copy', '--dest-tls-verify=false', `oci:${image.layout}:v1`],
    `docker://${registry.address}/team/app:v1`,
  )
  await registry.close()
  const said = lines(registry)
  const [lost, ...more] = said.filter(({ msg }) => msg === 'traces could not be sent')
  expect(lost).toMatchObject({ level: 'warn', why: expect.stringContaining('ECONNREFUSED') })
  expect(more).toEqual([])
  expect(said.filter(({ level }) => level === 'error')).toEqual([])
})
