/**
 * Servers send events to real receivers.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { sendingEvents } from '../../functions/node/events.ts'
import { startServer } from '../../functions/node/server.ts'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { write } from '../auth/harness.ts'
import { serveReceiver } from '../events/receiver.ts'
import { record } from '../events/records.ts'
import { leftIn } from '../events/rig.ts'
import { CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { silent, temporaryDirectory } from '../support/hosts/start.ts'
import { openFiles } from '../support/rig/stores.ts'
import { eventually, until } from '../support/until.ts'

/** Sets receivers on loopback, by name. */
const setReceivers = (store: ObjectStore, urls: Readonly<Record<string, string>>) => {
  const receivers = Object.entries(urls).map(([name, url]) => ({
    name,
    url,
    secret: 'env:SLIPWAY_EVENT_KEY',
    private: ['127.0.0.1'],
  }))
  return write(store, EVENT_RECEIVERS_KEY, JSON.stringify({ version: 1, receivers }))
}

const deliveredAll = (store: ObjectStore) =>
  eventually(async () => expect(await leftIn(store)).toEqual({}))

test('two servers on one store send what was recorded', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const hooks = await serveReceiver((_, response) => response.end())
  await setReceivers(store, { hooks: hooks.url })
  const records = [await record(store), await record(store, { action: 'delete' })]
  const flags = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`, '--auth=off']
  const settings = readSettings([...flags, '--public-url=https://registry.example'], {})
  const servers = await Promise.all(
    [0, 1].map(() => startServer(settings, { SLIPWAY_EVENT_KEY: 'key' })),
  )
  await deliveredAll(store)
  expect(new Set(hooks.ids())).toEqual(new Set(records.map(({ id }) => id)))
  const [{ headers, body } = { headers: {}, body: '' }] = hooks.received
  expect(headers['webhook-signature']).toMatch(/^v1,/)
  expect(JSON.parse(body).source).toBe('https://registry.example')
  await Promise.all(servers.map(({ stop }) => stop()))
})

test('who does not respond keeps others waiting no longer, nor the end', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const hooks = await serveReceiver((_, response) => response.end())
  const stuck = await serveReceiver(() => {})
  await setReceivers(store, { hooks: hooks.url, stuck: stuck.url })
  const events = sendingEvents({ SLIPWAY_EVENT_KEY: 'key' }, silent)
  const stop = events.start(store, { publicUrl: undefined, url: 'http://127.0.0.1:5000' })
  // Nothing was there at the start, so it has to be woken.
  const first = await record(store)
  events.wake()
  await until(() => hooks.received.length === 1 && stuck.received.length === 1)
  const second = await record(store)
  events.wake()
  await until(() => hooks.received.length === 2)
  expect(hooks.ids()).toEqual([first.id, second.id])
  await stop()
  // It is not lost, and nobody seems to be at work.
  expect(await leftIn(store)).toEqual({ waiting: 2 })
})

test('without receivers, what is in the outbox stays', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const events = sendingEvents({}, silent)
  const stop = events.start(store, { publicUrl: undefined, url: 'http://127.0.0.1:5000' })
  await record(store)
  events.wake()
  await stop()
  expect(await leftIn(store)).toEqual({ outbox: 1 })
})

test('a server tells of the GET of a manifest, and records nothing', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const hooks = await serveReceiver((_, response) => response.end())
  const pulls = { name: 'pulls', url: hooks.url, kinds: ['pull'], private: ['127.0.0.1'] }
  await write(store, EVENT_RECEIVERS_KEY, JSON.stringify({ version: 1, receivers: [pulls] }))
  const flags = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`, '--auth=off']
  const { url, stop } = await startServer(readSettings(flags, {}), {})
  const send = async (path: string, init: RequestInit): Promise<number> => {
    const response = await fetch(`${url}/v2/app/${path}`, init)
    await response.arrayBuffer()
    return response.status
  }
  const bytes = ({ bytes }: Content) => new Uint8Array(bytes)
  const image = imageOf()
  const blob = { method: 'POST', body: bytes(CONFIG) }
  expect(await send(`blobs/uploads/?digest=${CONFIG.sha256}`, blob)).toBe(201)
  const type = { 'Content-Type': OCI_MANIFEST }
  expect(await send('manifests/v1', { method: 'PUT', body: bytes(image), headers: type })).toBe(201)
  // It has read the document by then, or soon has.
  await until(async () => {
    expect(await send('manifests/v1', { method: 'HEAD' })).toBe(200)
    const known = { headers: { 'If-None-Match': `"${image.sha256}"` } }
    expect(await send('manifests/v1', known)).toBe(304)
    expect(await send('manifests/v1', {})).toBe(200)
    return hooks.received.length > 0
  })
  const [{ body } = { body: '' }] = hooks.received
  expect(JSON.parse(body)).toMatchObject({
    type: 'io.slipway.pull',
    subject: 'app:v1',
    data: {
      mediaType: OCI_MANIFEST,
      digest: image.sha256,
      size: image.bytes.byteLength,
      request: { method: 'GET' },
    },
  })
  expect(await leftIn(store)).toEqual({})
  await stop()
})

test('a push to a server is told at once', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const hooks = await serveReceiver((_, response) => response.end())
  await setReceivers(store, { hooks: hooks.url })
  const flags = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${path}`, '--auth=off']
  const { url, stop } = await startServer(readSettings(flags, {}), { SLIPWAY_EVENT_KEY: 'key' })
  const { sha256, bytes } = CONFIG
  const target = `${url}/v2/app/blobs/uploads/?digest=${sha256}`
  const { status } = await fetch(target, { method: 'POST', body: new Uint8Array(bytes) })
  expect(status).toBe(201)
  // Long before a server looks by itself.
  await until(() => hooks.received.length === 1)
  const [{ body } = { body: '' }] = hooks.received
  expect(JSON.parse(body)).toMatchObject({
    type: 'io.slipway.push',
    data: { repository: 'app', digest: sha256, size: bytes.byteLength },
  })
  await stop()
})
