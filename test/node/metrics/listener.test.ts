/**
 * What the listener for metrics answers, how often it asks the store, and that a server has none unless told so.
 *
 * @module
 */

import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../../functions/compose/settings.ts'
import { CHECK_EVERY, startWatchListener } from '../../../functions/node/metrics/listener.ts'
import { type RunningServer, startServer } from '../../../functions/node/server.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { eventually } from '../../support/until.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

describe('/debug/health', () => {
  test('asks the store once, however many ask, and again after ten seconds', async () => {
    let [now, calls] = [0, 0]
    let fails = false
    const watched = await startWatchListener(LOOPBACK, {
      metrics: { contentType: 'text/plain', text: async () => '' },
      store: {
        head: async () => {
          calls += 1
          if (fails) throw new Error('gone')
          return undefined
        },
      },
      isReady: () => false,
      now: () => now,
    })
    const ask = async () => {
      const response = await fetch(`${watched.url}/debug/health`)
      return [response.status, await response.json()]
    }
    const well = [200, { store: 'ok' }]
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([well, well, well])
    fails = true
    now = CHECK_EVERY - 1
    expect(await ask()).toEqual(well)
    expect(calls).toBe(1)
    now = CHECK_EVERY
    const ill = [503, { store: 'does not respond' }]
    expect([await ask(), await ask()]).toEqual([ill, ill])
    expect(calls).toBe(2)
    expect((await fetch(`${watched.url}/readyz`)).status).toBe(503)
    await watched.stop()
    await expect(ask()).rejects.toThrow()
  })
})

describe('a server', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let server: RunningServer
  const start = (...more: string[]): Promise<RunningServer> => {
    const flags = [`--store=file:${directory.path}`, '--listen=127.0.0.1:0', '--log-level=silent']
    return startServer(readSettings([...flags, ...more], {}), {})
  }
  beforeAll(async () => {
    directory = await temporaryDirectory()
    server = await start('--metrics=:0')
  })
  afterAll(async () => {
    await server.stop()
    await directory.remove()
  })

  const PATHS: readonly (readonly [method: string, path: string, status: number, body: RegExp])[] =
    [
      ['GET', '/metrics', 200, /^# HELP registry_http_requests_total /],
      ['HEAD', '/metrics', 200, /^$/],
      ['GET', '/livez', 200, /^ok\n$/],
      ['GET', '/readyz?x', 200, /^ok\n$/],
      ['GET', '/debug/health', 200, /^\{"store":"ok"\}\n$/],
      ['GET', '/v2/', 404, /there are \/metrics/],
      ['GET', '/constructor', 404, /there are/],
      ['POST', '/metrics', 405, /GET and HEAD/],
    ]
  test.each(PATHS)('%s %s on its listener is %i', async (method, path, status, body) => {
    const response = await fetch(`${server.metricsUrl}${path}`, { method })
    expect(response.status).toBe(status)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.text()).toMatch(body)
  })

  test('has its metrics on loopback, and nowhere else', async () => {
    expect(new URL(server.metricsUrl ?? '').hostname).toBe('127.0.0.1')
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
    expect((await fetch(`${server.url}/debug/health`)).status).toBe(404)
  })

  test('counts requests, calls and lookups of its own', async () => {
    await (await fetch(`${server.url}/v2/some/repository/manifests/v1`)).text()
    const text = await (await fetch(`${server.metricsUrl}/metrics`)).text()
    expect(text).toMatch(
      /^registry_http_requests_total\{code="404",handler="manifest",method="get"\} 1$/m,
    )
    expect(text).toMatch(/^slipway_storage_calls_total\{action="GetContent",outcome="ok"\} \d+$/m)
    expect(text).not.toContain('some/repository')
  })

  test('says which setting names an address that is in use', async () => {
    const { port } = new URL(server.metricsUrl ?? '')
    await expect(start(`--metrics=127.0.0.1:${port}`)).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use: choose another, as in --metrics 127.0.0.1:`,
    )
  })

  test('says there that it stops, until the last request has ended', async () => {
    const stopping = await start('--metrics=:0')
    const begun = await fetch(`${stopping.url}/v2/a/blobs/uploads/`, { method: 'POST' })
    const socket = connect(Number(new URL(stopping.url).port), '127.0.0.1')
    socket.write(
      `PATCH ${begun.headers.get('Location')} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf`,
    )
    const text = async () => (await fetch(`${stopping.metricsUrl}/metrics`)).text()
    await eventually(async () =>
      expect(await text()).toContain('in_flight_requests{handler="blob_upload_chunk"} 1'),
    )
    const stopped = stopping.stop()
    expect((await fetch(`${stopping.metricsUrl}/readyz`)).status).toBe(503)
    expect(await text()).toContain('\nslipway_ready 0\n')
    socket.destroy()
    await stopped
    await expect(text()).rejects.toThrow()
  })

  test('has none unless it is told so', async () => {
    const plain = await start()
    expect(plain.metricsUrl).toBeUndefined()
    await plain.stop()
  })
})
