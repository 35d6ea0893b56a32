/**
 * Clients through the emulated API Gateway and Lambda: each logs in, pushes and pulls, in every variant
 * of what AWS does not document.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import { run } from '../support/live/process.ts'
import { clients } from './support/clients.ts'
import { behindGateway, clientBehindGateway } from './support/gateway-scene.ts'
import { meets } from './support/pairs.ts'

for (const [variant, habits] of Object.entries(GATEWAYS)) {
  for (const [name, open] of Object.entries(clients).filter(([name]) => meets(name, variant))) {
    describe(`${name}, ${variant}`, () => {
      const scene = clientBehindGateway(name, open, { habits, size: 'small' })

      test('logs in, pushes and pulls', async () => {
        const { alice, gateway, client } = scene()
        const session = client.as(alice)
        await session.logIn?.()
        const target = `${gateway.address}/team/app:v1`
        const pushed = await session.push(target)
        const pulled = session.pull(target)
        assert.equal(await pulled, pushed)
        const failed = gateway.passed.filter(({ status }) => status >= 500)
        assert.deepEqual(failed, [])
      })
    })
  }

  describe(`the digest of a tag, ${variant}`, () => {
    let at: string
    const scene = behindGateway('digest', {
      habits,
      size: 'small',
      async prepare({ alice, gateway, directory, image }) {
        const { address } = gateway
        at = `${address}/open/app:v1`
        const session = (await clients.crane!({ address, directory, image })).as(alice)
        await session.logIn?.()
        await session.push(at)
      },
    })

    const environment = () => ({ HOME: scene().directory, DOCKER_CONFIG: scene().directory })

    test('crane digest', async () => {
      const said = await run('crane', ['digest', at], { env: environment() })
      assert.equal(said.trim(), scene().image.manifest)
    })

    test('regctl image digest', async () => {
      const { gateway, directory, image } = scene()
      const own = { env: { ...environment(), REGCTL_CONFIG: join(directory, 'regctl.json') } }
      const { address } = gateway
      await run('regctl', ['registry', 'set', '--tls', 'disabled', '--skip-check', address], own)
      assert.equal((await run('regctl', ['image', 'digest', at], own)).trim(), image.manifest)
    })

    const oras = (...args: string[]) =>
      run('oras', [...args, '--plain-http'], { env: environment() })

    test('oras, which takes the digest from a HEAD only', async () => {
      if (habits.headLength !== 'zero') {
        const { manifest } = scene().image
        assert.equal((await oras('resolve', at)).trim(), manifest)
        assert.match(await oras('discover', at), new RegExp(manifest))
        return
      }
      const missing = /HEAD request missing required header "Docker-Content-Digest"/
      await assert.rejects(oras('resolve', at), missing)
      await assert.rejects(oras('discover', at), missing)
      await assert.rejects(oras('manifest', 'fetch', '--descriptor', at), missing)
    })

    test('oras, by digest and with GET', async () => {
      const { image } = scene()
      const byDigest = at.replace(/:v1$/, `@${image.manifest}`)
      assert.equal((await oras('resolve', byDigest)).trim(), image.manifest)
      const manifest = JSON.parse(await oras('manifest', 'fetch', at))
      assert.equal(manifest.config.digest, image.config)
    })
  })
}
