/**
 * Without the standard variables, nothing of OpenTelemetry is loaded, and the log is as it was.
 *
 * @module
 */

import { expect, test, vi } from 'vitest'
import { openLog } from '../../functions/compose/open-log.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startServer } from '../../functions/node/server.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const loaded: string[] = []
vi.mock('../../functions/traces/traces.ts', () => {
  loaded.push('traces')
  return { openTraces: () => ({ ids: () => ({ trace_id: 'x' }), stop: async () => {} }) }
})

const settings = (path: string) =>
  readSettings(['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`], {})

test('a server does not load it', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const server = await startServer(settings(path), { OTEL_SERVICE_NAME: 'x' })
  expect((await fetch(`${server.url}/v2/`)).status).toBe(200)
  await server.stop()
  expect(loaded).toEqual([])
})

test('with an endpoint it does', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  expect((await openLog(settings('/nowhere'), env)).traces).toBeDefined()
  expect(loaded).toEqual(['traces'])
})
