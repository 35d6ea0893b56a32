/**
 * Events of a server with workers, as processes.
 *
 * @module
 */

import { Agent } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import { EVENT_RECEIVERS_KEY } from '../../../functions/registry/layout.ts'
import { write } from '../../auth/harness.ts'
import { serveReceiver } from '../../events/receiver.ts'
import { CONFIG, imageOf } from '../../support/hosts/content.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { sendOver } from '../../support/hosts/wire.ts'
import { startRegistry } from '../../support/live/registry.ts'
import { requestLine, type Send } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { eventually } from '../../support/until.ts'

/** Milliseconds: half of what it takes a server that nobody wakes. */
const AWAKE = 30_000

/** A client with one connection, so of one worker; the next client has the other. */
const clientOf = (address: string): Send => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return (line, body, headers) =>
    sendOver(agent, `http://${address}`, { ...requestLine(line), body, headers })
}

test('what any worker records is sent at once, and pulls are told of', async () => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const hooks = await serveReceiver((_, response) => response.end())
  const kinds = ['push', 'pull', 'delete']
  const receiver = { name: 'hooks', url: hooks.url, kinds, private: ['127.0.0.1'] }
  const document = JSON.stringify({ version: 1, receivers: [receiver] })
  await write(openFileStore(path), EVENT_RECEIVERS_KEY, document)
  const { address, close } = await startRegistry(
    'slipway',
    { directory: path },
    { flags: ['--workers=2'] },
  )
  onTestFinished(close)
  const told = (kind: string): number =>
    hooks.received.filter(({ body }) => JSON.parse(body).data.action === kind).length
  const image = imageOf()
  const clients = [clientOf(address), clientOf(address)]
  for (const [at, send] of clients.entries()) {
    // It looks by itself now and then: what is told after a while may have been found.
    const before = told('push')
    await pushAtOnce(send, `of-${at}`, CONFIG)
    await eventually(() => expect(told('push')).toBe(before + 1), AWAKE)
    await pushManifest(send, `of-${at}`, 'v1', image)
    await eventually(() => expect(told('push')).toBe(before + 2), AWAKE)
    // A worker asks whether anybody wants to know of pulls when it has one.
    const pulls = told('pull')
    await eventually(async () => {
      await send(`GET /v2/of-${at}/manifests/v1`)
      expect(told('pull')).toBeGreaterThan(pulls)
    }, AWAKE)
  }
})
