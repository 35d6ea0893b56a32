/**
 * Layers that are too large for the gateway: each client fails at once, with the gateway's own message,
 * which cannot be changed, where it passes that on; and it sends nothing twice; regctl pushes them in chunks, configured as the
 * registry's messages say.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { BODY_LIMIT } from '../../functions/compose/aws/lambda-limits.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import { run } from '../support/live/process.ts'
import { clients } from './support/clients.ts'
import { behindGateway, clientBehindGateway } from './support/gateway-scene.ts'
import { readLayout } from './support/image.ts'

const MESSAGE = /413.*Request Entity Too Large/s

/**
 * containerd before 1.7.14 may lose a response that comes before it has sent everything, or wait for
 * ever: after this many milliseconds the test goes on to check what it has sent.
 */
const MAY_BE_LOST = /413 |io: read\/write on closed pipe/
const PATIENCE = 15_000

/** What clients say that do not pass on the gateway's message. */
const SAID: Readonly<Record<string, RegExp>> = {
  ctr: MAY_BE_LOST,
  docker29: /413 Payload Too Large/,
}

const SCENE = { habits: GATEWAYS['length kept'], size: 'medium' } as const

const { regctl: _, ...others } = clients
for (const [name, open] of Object.entries(others)) {
  describe(`${name}, large layers`, () => {
    const scene = clientBehindGateway(`large-${name}`, open, SCENE)

    test('are rejected once, with the reason', async () => {
      const { alice, gateway, client, image } = scene()
      const said = SAID[name] ?? MESSAGE
      const session = client.as(alice)
      await session.logIn?.()
      const refused = assert.rejects(session.push(`${gateway.address}/team/app:v1`), said)
      await (name === 'ctr' ? Promise.race([refused, sleep(PATIENCE)]) : refused)
      // If it still waits, it ends with its daemon.
      refused.catch(() => {})
      const begun = gateway.passed.filter(
        ({ method, status }) => method === 'POST' && status === 202,
      )
      // One for each layer and one for the config: nothing was started twice.
      assert.ok(begun.length <= image.layers.length + 1, `${begun.length} uploads`)
      const sent = gateway.passed.filter(({ status }) => status === 413)
      assert.equal(new Set(sent.map(({ target }) => target)).size, sent.length)
      assert.ok(sent.length > 0)
    })
  })
}

describe('regctl, large layers', () => {
  const scene = behindGateway('large-regctl', SCENE)

  test('are pushed in chunks, as the message says', async () => {
    const { alice, gateway, directory, image } = scene()
    const { address } = gateway
    const env = {
      HOME: directory,
      DOCKER_CONFIG: directory,
      REGCTL_CONFIG: join(directory, 'regctl.json'),
    }
    const regctl = (...args: string[]) => run('regctl', args, { env, cwd: directory })
    await regctl('registry', 'set', '--tls', 'disabled', '--skip-check', address)
    await regctl('registry', 'login', '-u', alice.name, '-p', alice.password, address)
    const [, advice = ''] = BODY_LIMIT.instead.match(/`regctl ([^`]*)`/) ?? []
    await regctl(...advice.replace('HOST', address).split(' '), '--skip-check')

    const target = `${address}/team/app:v1`
    await regctl('image', 'copy', `ocidir://${image.layout}:v1`, target)
    assert.deepEqual(
      gateway.passed.filter(({ status }) => status >= 402 && status !== 404),
      [],
    )
    const pulled = join(directory, 'pulled')
    await regctl('image', 'copy', target, `ocidir://${pulled}:v1`)
    assert.deepEqual(readLayout(pulled), readLayout(image.layout))
  })
})
