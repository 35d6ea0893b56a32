/**
 * Clients that are not sent to the other host of uploads: those that refuse it, and those that the table does
 * not name. Layers within the limit of a request work, of larger ones they are told where to push.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { run, toolCache } from '../support/live/process.ts'
import { startProxy } from '../support/live/proxy.ts'
import type { Client } from './support/client.ts'
import { clients } from './support/clients.ts'
import { type Chart, type ChartOptions, openChart } from './support/helm-chart.ts'
import { MB, UPLOAD, uploadScene } from './support/upload-scene.ts'

const MEBIBYTE = 1024 * 1024
const FOLLOWS = 'docker/20.10.24 go/go1.19.8'
/** Go writes the hosts with what they are. */
const REFUSES = /is on a different host than the registry/

describe('uploads to a Node server', () => {
  const { host: at, directory, using } = uploadScene('Node server', [])

  const chartOf = (
    program: ChartOptions['program'],
    megabytes: number,
    address = at().gateway.address,
  ): Promise<Chart> =>
    openChart(directory('helm'), {
      ...{ program, megabytes, address, below: 'other' },
      account: at().as('other'),
    })

  test('oras 1.3.6 stays: small layers work, of larger ones it is told where they go', async () => {
    const host = at()
    const { address } = host.gateway
    const seen = host.uploads.exchanges.length
    await using(clients.oras, 'small', async (client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const pushed = await session.push(`${address}/other/oras:v1`)
      expect(await session.pull(`${address}/other/oras:v1`)).toBe(pushed)
    })
    await using(clients.oras, 'heavy', async (client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const said = await session.push(`${address}/other/oras:v2`).catch(String)
      expect(said).toMatch(/413/)
      expect(said).toContain(`push to ${host.pushHost}/NAME, which takes layers of any size`)
    })
    expect(host.uploads.exchanges.slice(seen)).toEqual([])
    const push = async (client: Client) => {
      const session = client.as(host.as('other'))
      await session.logIn?.()
      const pushed = await session.push(`${host.pushHost}/other/oras:v2`)
      expect(await session.pull(`${host.pushHost}/other/oras:v2`)).toBe(pushed)
    }
    await using(clients.oras, 'heavy', push, host.pushHost)
  })

  test('helm 4.2 stays: a chart of 4 MB works, one of 10 MB is pushed to the other host', async () => {
    const host = at()
    const seen = host.uploads.exchanges.length
    const small = await chartOf('helm42', 4)
    await small.push()
    expect(await small.pulls()).toBe(true)
    const large = await chartOf('helm42', 10)
    await expect(large.push()).rejects.toThrow(/413/)
    expect(host.uploads.exchanges.slice(seen)).toEqual([])
    const there = await chartOf('helm42', 10, host.pushHost)
    await there.push()
    expect(await there.pulls(host.gateway.address)).toBe(true)
  })

  test('oras 1.3.6 and helm 4.2 refuse the other host, where they are sent there', async () => {
    const host = at()
    const front = await startProxy(host.gateway.address, { userAgent: FOLLOWS })
    try {
      const seen = host.uploads.exchanges.length
      const { push } = await chartOf('helm42', 2, front.address)
      await expect(push()).rejects.toThrow(REFUSES)
      const toFront = async (client: Client) => {
        const session = client.as(host.as('other'))
        await session.logIn?.()
        await expect(session.push(`${front.address}/other/refused:v1`)).rejects.toThrow(REFUSES)
      }
      await using(clients.oras, 'small', toFront, front.address)
      expect(host.uploads.exchanges.slice(seen)).toEqual([])
    } finally {
      await front.close()
    }
  })

  test('helm 4.1 follows: it pushes a chart of 10 MB, and pulls it', async () => {
    const host = at()
    const { passed } = host.gateway
    const { push, pulls } = await chartOf('helm', 10)
    const [seen, before] = [host.uploads.exchanges.length, passed.length]
    await push()
    const sent = host.uploads.exchanges.slice(seen)
    expect(sent.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array.from({ length: sent.length }, () => 'PUT 201'),
    )
    expect(Math.max(...sent.map(({ requestBytes }) => requestBytes))).toBeGreaterThan(9 * MB)
    // It sends its token along, which nobody looks at there.
    expect([...new Set(sent.map(({ authorization }) => authorization))]).toEqual(['Bearer'])
    expect(passed.slice(before).filter(({ status }) => status >= 500 || status === 413)).toEqual([])
    expect(await pulls()).toBe(true)
  })

  const python = (...args: string[]) =>
    run(
      join(toolCache, 'python-clients/bin/python'),
      [join(import.meta.dirname, 'support/python_clients.py'), ...args],
      { env: { HOME: directory('python'), DRCA_DEFAULT_PROTOCOL: 'http' } },
    )

  test('oras-py sends layers of any size to HOST in chunks that fit, and 4 MB in one', async () => {
    const host = at()
    const { address } = host.gateway
    const { name, password } = host.as('other')
    const home = directory('oras-py')
    const sizes = { four: 4 * MB, nine: 9 * MB, fifty: 50 * MB }
    for (const [file, size] of Object.entries(sizes)) {
      writeFileSync(join(home, file), blob(file, size).bytes)
    }
    const push = (tag: string, chunk: number, ...files: (keyof typeof sizes)[]) =>
      python(
        ...['oras', 'push', address, `${address}/other/py:${tag}`, name, password, String(chunk)],
        ...files.map((file) => join(home, file)),
      )
    const seen = host.uploads.exchanges.length
    await push('four', 0, 'four')
    await expect(push('nine', 0, 'nine')).rejects.toThrow(/413|Too Large/)
    await push('all', 4 * MEBIBYTE, 'four', 'nine', 'fifty')
    expect(host.uploads.exchanges.slice(seen)).toEqual([])
    const pulled = directory('pulled')
    await python('oras', 'pull', address, `${address}/other/py:all`, name, password, '0', pulled)
    for (const [file, size] of Object.entries(sizes)) {
      expect(readFileSync(join(pulled, file)).equals(blob(file, size).bytes as Buffer)).toBe(true)
    }
  })

  test('docker-registry-client-async, which resolves no relative Location, works at the public URL', async () => {
    const host = at()
    const { address, passed } = host.gateway
    const { name, password } = host.as('other')
    const file = join(directory('async'), 'blob')
    writeFileSync(file, blob('async', 9 * MB).bytes)
    const before = passed.length
    const args = ['async', 'blob', address, 'other/async', name, password]
    expect((await python(...args, String(4 * MB), file)).trim()).toBe('201')
    const ways = passed.slice(before).filter(({ target }) => UPLOAD.test(target))
    expect(ways.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH', 'PUT'])
  })
})
