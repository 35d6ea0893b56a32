/**
 * Events to a NATS server (Debian's `nats-server`).
 *
 * @module
 */

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nkeys } from '@nats-io/transport-node'
import { expect, onTestFinished, test } from 'vitest'
import { GIVE_UP } from '../../functions/events/courier.ts'
import { createPost } from '../../functions/events/post.ts'
import { ORIGIN, receiverOf, secretsOf } from '../events/receiver.ts'
import { record, recordOf } from '../events/records.ts'
import { createProcess, createTime, leftIn } from '../events/rig.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { selfSigned } from '../support/live/certificates.ts'
import { type Daemon, freePort, scratch, startDaemon } from '../support/live/process.ts'
import { slipway, startRegistry } from '../support/live/registry.ts'
import { openFiles } from '../support/rig/stores.ts'
import { eventually } from '../support/until.ts'

const USER = { user: 'suite', pass: 'pass:word' }
const USERS = JSON.stringify({ user: USER.user, password: USER.pass })
const SECRET = `${USER.user}:${USER.pass}`

/** A server that can be stopped, and started again on the same port with what it has kept. */
const prepare = async (streams: boolean, tls = '', users = USERS) => {
  const place = scratch('nats')
  const port = await freePort()
  const config = join(place.path, 'nats.conf')
  const store = streams ? `jetstream { store_dir: ${JSON.stringify(place.path)} }` : ''
  writeFileSync(config, `listen: "127.0.0.1:${port}"\nauthorization ${users}\n${store}\n${tls}`)
  const client = () => connect({ ...USER, servers: `127.0.0.1:${port}`, reconnect: false })
  let daemon: Daemon | undefined
  const stop = async (): Promise<void> => {
    await daemon?.stop()
    daemon = undefined
  }
  const start = async (): Promise<void> => {
    daemon = await startDaemon({
      name: 'nats',
      command: 'nats-server',
      args: ['-c', config],
      // It says who it is at once.
      ready: async () => {
        const socket = createConnection(port, '127.0.0.1')
        const said = await once(socket, 'data').finally(() => socket.destroy())
        return String(said).startsWith('INFO ')
      },
    })
  }
  onTestFinished(async () => {
    await stop()
    place.remove()
  })
  return { place: place.path, url: `nats://127.0.0.1:${port}`, start, stop, client }
}

const entry = (url: string, more: object = {}) => ({
  name: 'bus',
  url,
  authorization: 'env:SLIPWAY_EVENT_BUS',
  private: ['127.0.0.1'],
  ...more,
})

const postWith = (secret: string) => createPost(ORIGIN, secretsOf({ SLIPWAY_EVENT_BUS: secret }))

const { signal } = new AbortController()
const DELIVERED = { kind: 'delivered' }

test('a stream gets the push to a registry, also after the server was down', async () => {
  const nats = await prepare(true)
  await nats.start()
  const before = await nats.client()
  const stream = { name: 'all', subjects: ['slipway.>'] }
  await (await jetstreamManager(before)).streams.add(stream)
  await before.close()
  await nats.stop()
  const directory = join(nats.place, 'store')
  mkdirSync(directory)
  const document = join(nats.place, 'receivers.yaml')
  writeFileSync(document, JSON.stringify({ version: 1, receivers: [entry(nats.url)] }))
  await slipway('events', { directory }, ['set', document])
  const registry = await startRegistry(
    'slipway',
    { directory },
    { env: { SLIPWAY_EVENT_BUS: SECRET } },
  )
  onTestFinished(registry.close)
  const url = `http://${registry.address}/v2/app/blobs/uploads/?digest=${CONFIG.sha256}`
  const { status } = await fetch(url, { method: 'POST', body: new Uint8Array(CONFIG.bytes) })
  expect(status).toBe(201)
  await eventually(() => expect(registry.output()).toContain('is sent again'))
  await nats.start()
  const client = await nats.client()
  onTestFinished(() => client.close())
  const manager = await jetstreamManager(client)
  const pushed = await eventually(async () => {
    const message = await manager.streams.getMessage('all', { last_by_subj: 'slipway.push' })
    expect(message).not.toBeNull()
    return message
  })
  const event = pushed?.json<{ id: string; type: string; data: { digest: string } }>()
  expect(event).toMatchObject({ type: 'io.slipway.push', data: { digest: CONFIG.sha256 } })
  expect(pushed?.header.get('Nats-Msg-Id')).toBe(event?.id)
  expect(pushed?.header.get('content-type')).toContain('application/cloudevents+json')
})

test('a stream drops what it has had', async () => {
  const nats = await prepare(true)
  await nats.start()
  const client = await nats.client()
  onTestFinished(() => client.close())
  const manager = await jetstreamManager(client)
  await manager.streams.add({ name: 'all', subjects: ['a.b.*'] })
  const post = postWith(SECRET)
  const receiver = receiverOf(entry(nats.url, { subject: 'a.b' }))
  const events = [recordOf(), recordOf({ action: 'delete' })]
  for (const event of [...events, ...events]) {
    expect(await post(receiver, event, signal)).toEqual(DELIVERED)
  }
  const { state } = await manager.streams.info('all', { subjects_filter: '>' })
  expect(state).toMatchObject({ messages: 2, subjects: { 'a.b.push': 1, 'a.b.delete': 1 } })
  // One that takes nothing more does not acknowledge it.
  await manager.streams.update('all', { discard: 'new' as never, max_msgs: 2 })
  expect(await post(receiver, recordOf(), signal)).toMatchObject({ kind: 'failed' })
  const { streams } = jetstream(client)
  expect((await (await streams.get('all')).info()).state.messages).toBe(2)
})

test.each([true, false])('without a stream who subscribes gets it; JetStream: %s', async (on) => {
  const nats = await prepare(on)
  await nats.start()
  const client = await nats.client()
  onTestFinished(() => client.close())
  const subscription = client.subscribe('slipway.*')
  await client.flush()
  const post = postWith(SECRET)
  const receiver = receiverOf(entry(nats.url, { format: 'distribution' }))
  const event = recordOf()
  expect(await post(receiver, event, signal)).toEqual(DELIVERED)
  for await (const message of subscription) {
    expect(message.subject).toBe('slipway.push')
    expect(message.headers?.get('Nats-Msg-Id')).toBe(event.id)
    expect(message.json<{ events: unknown[] }>().events).toHaveLength(1)
    break
  }
  // The connection has ended with the server: the next message opens another one.
  await nats.stop()
  expect(await post(receiver, event, signal)).toMatchObject({ kind: 'failed' })
  await nats.start()
  expect(await post(receiver, event, signal)).toEqual(DELIVERED)
})

test('what the server does not take is refused, and private addresses are not connected to', async () => {
  const nats = await prepare(false)
  await nats.start()
  const post = postWith(SECRET)
  const reference = { mediaType: 'x'.repeat(1024 * 1024), digest: 'sha256:a', size: 1 }
  const large = recordOf({ target: { references: [reference] } })
  const receiver = receiverOf(entry(nats.url, { references: true }))
  expect(await post(receiver, large, signal)).toMatchObject({ kind: 'refused' })
  const named = receiverOf(
    entry(nats.url.replace('127.0.0.1', 'localhost'), { private: undefined }),
  )
  expect(await post(named, recordOf(), signal)).toEqual({
    kind: 'failed',
    why: 'localhost has a private address, which is not allowed',
  })
  // There is no TLS.
  const secure = receiverOf(entry(nats.url.replace('nats:', 'tls:')))
  expect(await post(secure, recordOf(), signal)).toMatchObject({ kind: 'failed' })
})

test('TLS is with a certificate of the host that is trusted', async () => {
  const place = scratch('nats-tls')
  onTestFinished(place.remove)
  const { cert } = await selfSigned(place.path, 'nats')
  const [cert_file, key_file] = ['crt', 'key'].map((end) => join(place.path, `nats.${end}`))
  const trusted = getCACertificates('default')
  onTestFinished(() => setDefaultCACertificates(trusted))
  setDefaultCACertificates([...trusted, cert])
  const nats = await prepare(false, `tls ${JSON.stringify({ cert_file, key_file })}`)
  await nats.start()
  const post = postWith(SECRET)
  const url = nats.url.replace('nats:', 'tls:')
  expect(await post(receiverOf(entry(url)), recordOf(), signal)).toEqual(DELIVERED)
  const other = receiverOf(entry(url.replace('127.0.0.1', 'localhost'), { private: true }))
  expect(await post(other, recordOf(), signal)).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('does not match'),
  })
  setDefaultCACertificates(trusted)
  expect(await post(receiverOf(entry(url, { name: 'b' })), recordOf(), signal)).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('self-signed'),
  })
})

const KEY = nkeys.createUser()

test.each([
  ['a token', JSON.stringify({ token: 'abc' }), 'abc'],
  [
    'an nkey',
    JSON.stringify({ users: [{ nkey: KEY.getPublicKey() }] }),
    Buffer.from(KEY.getSeed()).toString(),
  ],
])('who logs in has %s', async (_, users, secret) => {
  const nats = await prepare(false, '', users)
  await nats.start()
  const receiver = receiverOf(entry(nats.url))
  expect(await postWith(secret)(receiver, recordOf(), signal)).toEqual(DELIVERED)
  expect(await postWith(SECRET)(receiver, recordOf(), signal)).toMatchObject({ kind: 'failed' })
})

test('a subject that it may not publish to fails, others of the same server do not', async () => {
  const permissions = { publish: { allow: ['allowed.>', '$JS.API.STREAM.NAMES'] } }
  const nats = await prepare(
    false,
    '',
    JSON.stringify({ users: [{ user: USER.user, password: USER.pass, permissions }] }),
  )
  await nats.start()
  const post = postWith(SECRET)
  const refused = {
    kind: 'failed',
    why: expect.stringContaining('Permissions Violation for Publish'),
  }
  // Each is refused, not only the first.
  for (let at = 0; at < 2; at++) {
    expect(await post(receiverOf(entry(nats.url)), recordOf(), signal)).toEqual(refused)
  }
  const allowed = receiverOf(entry(nats.url, { subject: 'allowed' }))
  expect(await post(allowed, recordOf(), signal)).toEqual(DELIVERED)
})

test('with wrong credentials it is sent again and again, and then dead', async () => {
  const nats = await prepare(false)
  await nats.start()
  const { store, close } = await openFiles()
  onTestFinished(close)
  const [time, post] = [createTime(), postWith('suite:wrong')]
  const receiver = receiverOf(entry(nats.url))
  const respond = ({ event }: { readonly event: Parameters<typeof post>[1] }) =>
    post(receiver, event, signal)
  const process = createProcess(store, [receiver], respond, time.now)
  await record(store)
  await process.run()
  expect(process.reported).toMatchObject([{ what: 'failed' }])
  expect(await leftIn(store)).toEqual({ waiting: 1 })
  time.pass(GIVE_UP + 60_000)
  await process.run()
  expect(process.reported.map(({ what }) => what)).toEqual(['failed', 'failed', 'dead'])
  expect(JSON.stringify(process.reported)).not.toContain('wrong"')
  expect(await leftIn(store)).toEqual({ dead: 1 })
})
