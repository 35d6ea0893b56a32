/**
 * Lines of the log that CloudWatch counts: they keep to its specification, and say how requests and calls went.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { createApp } from '../../functions/api/app.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { embeddedMetrics } from '../../functions/compose/embedded-metrics.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { requestOf } from '../support/hosts/start.ts'
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
