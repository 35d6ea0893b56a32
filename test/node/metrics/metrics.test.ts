/**
 * Names, labels and values of the metrics, and that their number is bounded.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { isProbe, kindOf } from '../../../functions/api/request-kind.ts'
import { createMetrics, type Metrics } from '../../../functions/node/metrics/metrics.ts'
import { StoreError, type StoreFailure } from '../../../functions/storage/errors.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { intercept } from '../../support/rig/intercept.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`
const READINGS = { uploadMemory: () => 7, isReady: () => true }

/** Lines without comments. */
const seriesOf = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text(READINGS)).split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** The series that begin so, with their values. */
const valuesOf = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await seriesOf(metrics)).filter((line) => line.startsWith(name)).sort()

/** A server that is told of requests, and sends nothing. */
const requestsOf = (metrics: Metrics) => {
  const server = createServer()
  metrics.requests(server)
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0, bytesWritten: 0 })
  return (method: string, url: string, statusCode: number, sent = true) => {
    const outgoing = Object.assign(new EventEmitter(), { statusCode, writableFinished: sent })
    const incoming = { method, url, socket } as unknown as IncomingMessage
    server.emit('request', incoming, outgoing as unknown as ServerResponse)
    socket.bytesRead += 10
    socket.bytesWritten += 100
    outgoing.emit('close')
  }
}

describe('a request is', () => {
  const KINDS: readonly (readonly [method: string, target: string, kind: string])[] = [
    ['GET', '/v2/', 'base get'],
    ['GET', '/v2', 'base get'],
    ['GET', '/v2/_catalog?n=5', 'catalog get'],
    ['GET', '/v2/a/b/tags/list', 'tags get'],
    ['GET', `/v2/a/referrers/${DIGEST}`, 'referrers get'],
    ['HEAD', '/v2/a/b/manifests/v1', 'manifest head'],
    ['PUT', `/v2/blobs/uploads/manifests/${DIGEST}`, 'manifest put'],
    ['DELETE', `/v2/a/blobs/${DIGEST}`, 'blob delete'],
    ['POST', '/v2/a/blobs/uploads/?mount=x', 'blob_upload post'],
    ['POST', '/v2/a/blobs/uploads', 'blob_upload post'],
    ['PATCH', '/v2/a/blobs/uploads/x?_state=y', 'blob_upload_chunk patch'],
    ['GET', '/token?scope=/v2/a/manifests/b', 'token get'],
    ['GET', '/auth/login', 'log_in get'],
    ['DELETE', '/api/v1/repositories/a', 'api delete'],
    ['GET', '/', 'other other'],
    ['GET', '/v3/a', 'other other'],
    ['BREW', '/v2/a/manifests/b', 'other other'],
    ['GET', 'constructor', 'other other'],
  ]
  test.each(KINDS)('%s %s: %s', (method, target, kind) => {
    expect(Object.values(kindOf(method, target)).join(' ')).toBe(kind)
  })

  test('not counted if it asks for health', () => {
    const targets = ['/livez', '/readyz?verbose', '/v2/livez', '/livez/x', '/']
    expect(targets.filter(isProbe)).toEqual(['/livez', '/readyz?verbose'])
  })
})

describe('requests', () => {
  test('that wait on a connection end with it', async () => {
    const metrics = createMetrics()
    const server = createServer()
    metrics.requests(server)
    const socket = Object.assign(new EventEmitter(), { bytesRead: 1, bytesWritten: 0 })
    const outgoing = () =>
      Object.assign(new EventEmitter(), { statusCode: 200, writableFinished: false })
    const [first, second] = [outgoing(), outgoing()]
    for (const each of [first, second]) {
      const incoming = { method: 'GET', url: '/v2/', socket } as unknown as IncomingMessage
      server.emit('request', incoming, each as unknown as ServerResponse)
    }
    const inFlight = () => valuesOf(metrics, 'registry_http_in_flight')
    expect(await inFlight()).toEqual(['registry_http_in_flight_requests{handler="base"} 2'])
    first.emit('close')
    socket.emit('close')
    expect(await inFlight()).toEqual(['registry_http_in_flight_requests{handler="base"} 0'])
    expect(await valuesOf(metrics, 'registry_http_requests_total')).toEqual([
      'registry_http_requests_total{code="499",handler="base",method="get"} 2',
    ])
  })

  test('are counted with their status, their time and their bytes', async () => {
    const metrics = createMetrics()
    const request = requestsOf(metrics)
    request('GET', '/v2/a/manifests/b', 200)
    request('GET', '/v2/c/manifests/d', 404)
    request('GET', '/v2/c/manifests/d', 200, false)
    request('GET', '/readyz', 503)
    expect(await valuesOf(metrics, 'registry_http_requests_total')).toEqual([
      'registry_http_requests_total{code="200",handler="manifest",method="get"} 1',
      'registry_http_requests_total{code="404",handler="manifest",method="get"} 1',
      'registry_http_requests_total{code="499",handler="manifest",method="get"} 1',
    ])
    expect(await valuesOf(metrics, 'registry_http_request_duration_seconds_count')).toEqual([
      'registry_http_request_duration_seconds_count{handler="manifest",method="get"} 3',
    ])
    expect(await valuesOf(metrics, 'registry_http_in_flight')).toEqual([
      'registry_http_in_flight_requests{handler="manifest"} 0',
    ])
    expect(await valuesOf(metrics, 'slipway_http_')).toEqual([
      'slipway_http_received_bytes_total{handler="manifest"} 30',
      'slipway_http_sent_bytes_total{handler="manifest"} 300',
    ])
  })

  test('say what becomes of uploads, and which log-ins have to wait', async () => {
    const metrics = createMetrics()
    const request = requestsOf(metrics)
    for (const status of [202, 202, 202, 201, 404]) request('POST', '/v2/a/blobs/uploads/', status)
    request('PATCH', '/v2/a/blobs/uploads/x', 202)
    for (const status of [201, 400]) request('PUT', '/v2/a/blobs/uploads/x', status)
    request('DELETE', '/v2/a/blobs/uploads/x', 204)
    request('GET', '/token', 429)
    expect(await valuesOf(metrics, 'slipway_uploads_total')).toEqual(
      ['cancelled"} 1', 'completed"} 1', 'started"} 3', 'whole"} 1'].map(
        (rest) => `slipway_uploads_total{event="${rest}`,
      ),
    )
    expect(await valuesOf(metrics, 'slipway_throttled')).toEqual([
      'slipway_throttled_log_ins_total 1',
    ])
  })

  test('say what the policy refuses', async () => {
    const metrics = createMetrics()
    metrics.guarded('pull', 'refused')
    metrics.guarded('push', 'reported')
    expect(await valuesOf(metrics, 'slipway_guarded')).toEqual([
      'slipway_guarded_total{action="pull",outcome="refused"} 1',
      'slipway_guarded_total{action="push",outcome="reported"} 1',
    ])
  })
})

const FAILURES: readonly StoreFailure[] = ['unavailable', 'full', 'precondition', 'range']
const CALLS = [
  ...['get', 'head', 'put', 'copy', 'delete', 'deleteIf', 'deleteVersion', 'deleteOnce', 'list'],
  ...['listParts', 'listMultiparts', 'uploadPart', 'createMultipart', 'completeMultipart'],
  'abortMultipart',
] as (keyof ObjectStore)[]

/** A store that does nothing, or throws this. */
const storeThat = (error?: unknown): ObjectStore =>
  intercept(
    Object.fromEntries(CALLS.map((call) => [call, async () => {}])) as unknown as ObjectStore,
    async () => {
      if (error !== undefined) throw error
    },
  )

/** Makes each call of a store. */
const callAll = async (metrics: Metrics, error?: unknown): Promise<void> => {
  const bare = storeThat(error)
  const store = metrics.store(
    Object.fromEntries(CALLS.map((call) => [call, bare[call]])) as unknown as ObjectStore,
    's3',
  )
  const calls = CALLS.map((call) => (store[call] as () => Promise<unknown>)())
  const settled = await Promise.allSettled(calls)
  expect(new Set(settled.map(({ status }) => status)).size).toBe(1)
}

describe('calls of the store', () => {
  test('are counted by action and outcome, and still fail as they did', async () => {
    const metrics = createMetrics()
    const error = new StoreError('unavailable', 'get a')
    const store = metrics.store({ ...storeThat(), get: () => Promise.reject(error) }, 'file')
    await expect(store.get('a')).rejects.toBe(error)
    expect(await valuesOf(metrics, 'slipway_storage_calls_total')).toEqual([
      'slipway_storage_calls_total{action="GetContent",outcome="unavailable"} 1',
    ])
    expect(await valuesOf(metrics, 'registry_storage_action_seconds_count')).toEqual([
      'registry_storage_action_seconds_count{action="GetContent",driver="filesystem"} 1',
    ])
  })
})

test('lookups in memory, clean-ups and readings', async () => {
  const metrics = createMetrics()
  for (const found of [true, true, false]) metrics.looked(found)
  metrics.cleanedUp('done')
  const lines = await seriesOf(metrics)
  for (const line of [
    'registry_storage_cache_total{type="Request"} 3',
    'registry_storage_cache_total{type="Hit"} 2',
    'registry_storage_cache_total{type="Miss"} 1',
    'slipway_clean_up_runs_total{outcome="done"} 1',
    'slipway_upload_memory_bytes 7',
    'slipway_ready 1',
  ]) {
    expect(lines).toContain(line)
  }
})

const OUTCOMES = ['ok', 'unknown', 'denied', 'busy', 'away', 'wrong'] as const

test('upstreams have series of their own, until there are too many', async () => {
  const metrics = createMetrics()
  const { asked, remaining } = metrics.upstreams
  for (let name = 0; name < 20; name++) asked(`up${name}`, 'ok')
  for (const outcome of ['ok', 'away', 'away'] as const) asked('up0', outcome)
  asked('late', 'ok')
  remaining('hub', 76)
  remaining('hub', 75)
  const lines = await seriesOf(metrics)
  for (const line of [
    'slipway_upstream_requests_total{outcome="ok",upstream="up0"} 2',
    'slipway_upstream_requests_total{outcome="away",upstream="other"} 2',
    'slipway_upstream_requests_total{outcome="ok",upstream="other"} 1',
    'slipway_upstream_remaining{upstream="hub"} 75',
  ]) {
    expect(lines).toContain(line)
  }
})

test('failures are seen, whatever was sent before', async () => {
  const metrics = createMetrics()
  const request = requestsOf(metrics)
  for (let status = 400; status < 460; status++) request('GET', '/v2/', status)
  request('PUT', '/v2/a/manifests/v1', 503)
  expect(await seriesOf(metrics)).toContain(
    'registry_http_requests_total{code="5xx",handler="manifest",method="other"} 1',
  )
})

test('there are fewer than 500 series, whatever is sent, and none names a repository', async () => {
  const metrics = createMetrics()
  const request = requestsOf(metrics)
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW']
  const paths = [
    ...['tags/list', `referrers/${DIGEST}`, 'manifests/v1', 'blobs/uploads/', 'blobs/uploads/x'],
    ...[`blobs/${DIGEST}`, 'else'],
  ].map((path) => `/v2/secret/${path}`)
  paths.push('/v2/', '/v2/_catalog', '/token', '/auth/login', '/api/v1/repositories/secret', '/x')
  for (const path of paths) {
    for (const method of methods) {
      for (let status = 200; status < 560; status += 7) {
        request(method, path.replace('secret', `secret${status}`), status)
      }
    }
  }
  await callAll(metrics)
  await callAll(metrics, new Error('broken'))
  for (const failure of FAILURES) await callAll(metrics, new StoreError(failure, 'x'))
  for (const found of [true, false]) metrics.looked(found)
  for (const outcome of ['done', 'stopped', 'busy', 'not-ready', 'refused', 'failed']) {
    metrics.cleanedUp(outcome)
  }
  for (let name = 0; name < 50; name++) {
    for (const outcome of OUTCOMES) metrics.upstreams.asked(`up${name}`, outcome)
    metrics.upstreams.remaining(`up${name}`, 1)
  }
  metrics.upstreams.saved(1)
  metrics.upstreams.fetching(1)
  for (const result of ['hit', 'miss', 'shared', 'stale', 'failed'] as const) {
    for (const kind of ['manifest', 'blob'] as const) metrics.upstreams.pulled(kind, result)
  }
  const lines = await seriesOf(metrics)
  expect(lines.length).toBeLessThan(500)
  expect(lines.length).toBeGreaterThan(300)
  expect(lines.join('\n')).not.toMatch(/secret|undefined/)
})
