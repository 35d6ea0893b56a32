/**
 * Lines of the log that CloudWatch counts: they keep to its specification, and say how requests and calls went.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createApp } from '../../functions/api/app.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { embeddedMetrics } from '../../functions/compose/embedded-metrics.ts'
import { openApp } from '../../functions/compose/open-app.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { requestOf, temporaryDirectory } from '../support/hosts/start.ts'
import { requestLine, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

type Line = Readonly<Record<string, unknown>>

const UNITS = ['Count', 'Bytes', 'Milliseconds']

/** What the specification of the embedded metric format says of a document. */
const checkDocument = (line: Line): void => {
  const { Timestamp, CloudWatchMetrics, ...others } = line._aws as Line
  expect(others).toEqual({})
  expect(Timestamp).toBe(1_700_000_000_000)
  expect(JSON.stringify(line).length).toBeLessThan(2000)
  for (const directive of CloudWatchMetrics as Line[]) {
    expect(Object.keys(directive).sort()).toEqual(['Dimensions', 'Metrics', 'Namespace'])
    expect(directive.Namespace).toMatch(/^[A-Za-z0-9._/#-]{1,1024}$/)
    const sets = directive.Dimensions as string[][]
    expect(sets.length).toBeGreaterThan(0)
    for (const set of sets) {
      expect(set.length).toBeGreaterThan(0)
      expect(set.length).toBeLessThanOrEqual(30)
      for (const name of set) expect(line[name]).toMatch(/^[\x21-\x7e]{1,1024}$/)
    }
    const metrics = directive.Metrics as { readonly Name: string; readonly Unit: string }[]
    expect(metrics.length).toBeLessThanOrEqual(20)
    for (const { Name, Unit } of metrics) {
      expect(UNITS).toContain(Unit)
      expect(line[Name]).toEqual(expect.any(Number))
      expect(line[Name]).toBeGreaterThanOrEqual(0)
    }
  }
}

test('pulls from upstreams, where there were any', () => {
  const { measure, upstreams } = embeddedMetrics('Slipway/test', () => 1_700_000_000_000)
  const request = { method: 'GET', path: '/v2/', status: 200 } as Parameters<typeof measure>[0]
  const lineOf = (): Line => ({ ...measure(request), milliseconds: 1, received: 0, sent: 0 })
  const of = (line: Line) =>
    Object.fromEntries(Object.entries(line).filter(([name]) => name.startsWith('upstream')))
  expect(JSON.stringify(lineOf())).not.toContain('upstream')
  for (const result of ['hit', 'hit', 'miss', 'shared', 'stale', 'failed'] as const) {
    upstreams.pulled('blob', result)
  }
  for (const outcome of ['ok', 'unknown', 'denied', 'busy', 'away', 'wrong'] as const) {
    upstreams.asked('hub', outcome)
  }
  for (const left of [7, 5, 6]) upstreams.remaining('hub', left)
  for (const bytes of [10, 20]) upstreams.saved(bytes)
  upstreams.fetching(1)
  const line = lineOf()
  checkDocument(line)
  const counted = {
    ...{ upstreamHits: 2, upstreamMisses: 2, upstreamStale: 1, upstreamFailures: 1 },
    ...{ upstreamErrors: 3, upstreamSaved: 30, upstreamRemaining: 5 },
  }
  expect(of(line)).toEqual(counted)
  const metrics = JSON.stringify(line._aws)
  for (const name of Object.keys(counted)) expect(metrics).toContain(`"${name}"`)
  // Each is told once.
  expect(of(lineOf())).toEqual({})
})

test('whoever opens upstreams is told who counts, where there is a namespace', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const found: unknown[] = []
  for (const flags of [['--metrics-namespace=Slipway/test'], []]) {
    const env = { SLIPWAY_STORE: `file:${path}`, SLIPWAY_AUTH: 'off', SLIPWAY_LOG_LEVEL: 'silent' }
    await openApp(readSettings(flags, env), env, {
      ...{ redirectHeads: true, onlyLocal: true, directIfNecessary: true },
      openUpstreams: ({ watch }) => {
        found.push(watch)
        return { find: undefined, look: async () => {} }
      },
    })
  }
  expect(found).toEqual([expect.objectContaining({ pulled: expect.any(Function) }), undefined])
})

test('requests and calls of the store', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const { store: counting, measure } = embeddedMetrics('Slipway/test', () => 1_700_000_000_000)
  let fails = false
  const failing = intercept(store, async (_, proceed) => {
    if (fails) throw new StoreError('unavailable', 'get x')
    return proceed()
  })
  const lines: Line[] = []
  const write = (line: object) => void lines.push({ ...line })
  const secret = await uploadSecret(store)
  const app = createApp({
    registry: createRegistry({ store: counting(failing), uploadSecret: async () => secret }),
    logger: { info: write, warn: write, error: write },
    measure,
    authorizer: openAuthorizer,
    audit: () => {},
    redirects: false,
    redirectHeads: false,
    readOnly: false,
  })
  const send: Send = async (request, body, headers) => {
    const response = await app.fetch(requestOf({ ...requestLine(request), body, headers }))
    return {
      status: response.status,
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    }
  }
  await pushAtOnce(send, 'a', CONFIG)
  await pushManifest(send, 'a', 'v1', imageOf())
  await send('GET /v2/a/manifests/none')
  fails = true
  await send('GET /v2/a/manifests/other')
  await send('GET /v2/')
  for (const line of lines) checkDocument(line)
  const said = lines.map(({ handler, status, serverErrors, storeFailures }) => [
    ...[handler, status, serverErrors, storeFailures],
  ])
  expect(said).toEqual([
    ['blob_upload', 201, 0, 0],
    ['manifest', 201, 0, 0],
    ['manifest', 404, 0, 0],
    ['manifest', 503, 1, 1],
    ['base', 200, 0, 0],
  ])
  expect(lines.map(({ storeCalls }) => Number(storeCalls) > 0)).toEqual([
    ...[true, true, true, true],
    false,
  ])
  expect(JSON.stringify(lines.map(({ _aws }) => _aws))).not.toContain('manifests')
})

test('a namespace of AWS is refused', () => {
  for (const name of ['AWS/S3', 'a b', '']) {
    expect(() => readSettings([`--metrics-namespace=${name}`], {})).toThrow(/--metrics-namespace/)
  }
  expect(readSettings([], {})['metrics-namespace']).toBeUndefined()
})
