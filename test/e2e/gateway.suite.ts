/**
 * Every client through API Gateway and Lambda as the emulation has them: logs in, pushes and pulls,
 * whatever AWS does about what it does not say.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { GATEWAYS } from '../support/gateway/habits.ts'
import { run, scratch } from '../support/live/process.ts'
import { type BehindGateway, startBehindGateway } from './support/behind-gateway.ts'
import { type Client, clients } from './support/clients.ts'
import { type SourceImage, sourceImage } from './support/image.ts'

for (const [variant, habits] of Object.entries(GATEWAYS)) {
  for (const [name, open] of Object.entries(clients)) {
    describe(`${name}, ${variant}`, () => {
      const files = scratch(`gateway-${name}`)
      let behind: BehindGateway
      let client: Client
      before(
        async () => {
          const image = await sourceImage('small')
          behind = await startBehindGateway(habits)
          const { address } = behind.gateway
          client = await open({ address, directory: files.path, image })
        },
        { timeout: 900_000 },
      )
      after(async () => {
        await client?.close?.()
        await behind?.close()
        files.remove()
      })

      test('logs in, pushes and pulls', async () => {
        const { alice, gateway } = behind
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

  describe(`what a tag points at, ${variant}`, () => {
    const files = scratch('gateway-digest')
    let behind: BehindGateway
    let image: SourceImage
    let at: string
    before(
      async () => {
        image = await sourceImage('small')
        behind = await startBehindGateway(habits)
        const { address } = behind.gateway
        at = `${address}/open/app:v1`
        const session = (await clients.crane!({ address, directory: files.path, image })).as(
          behind.alice,
        )
        await session.logIn?.()
        await session.push(at)
      },
      { timeout: 900_000 },
    )
    after(async () => {
      await behind?.close()
      files.remove()
    })

    const env = { HOME: files.path, DOCKER_CONFIG: files.path }

    test('crane digest', async () => {
      assert.equal((await run('crane', ['digest', at], { env })).trim(), image.manifest)
    })

    test('regctl image digest', async () => {
      const own = { env: { ...env, REGCTL_CONFIG: join(files.path, 'regctl.json') } }
      const { address } = behind.gateway
      await run('regctl', ['registry', 'set', '--tls', 'disabled', '--skip-check', address], own)
      assert.equal((await run('regctl', ['image', 'digest', at], own)).trim(), image.manifest)
    })

    const oras = (...args: string[]) => run('oras', [...args, '--plain-http'], { env })

    test('oras, which takes no digest but that of a HEAD', async () => {
      if (habits.headLength !== 'zero') {
        assert.equal((await oras('resolve', at)).trim(), image.manifest)
        assert.match(await oras('discover', at), new RegExp(image.manifest))
        return
      }
      const missing = /HEAD request missing required header "Docker-Content-Digest"/
      await assert.rejects(oras('resolve', at), missing)
      await assert.rejects(oras('discover', at), missing)
      await assert.rejects(oras('manifest', 'fetch', '--descriptor', at), missing)
    })

    test('oras, by digest and with GET', async () => {
      const byDigest = at.replace(/:v1$/, `@${image.manifest}`)
      assert.equal((await oras('resolve', byDigest)).trim(), image.manifest)
      const manifest = JSON.parse(await oras('manifest', 'fetch', at))
      assert.equal(manifest.config.digest, image.config)
    })
  })
}
