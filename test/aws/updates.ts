/**
 * Changes of the stack by its administrator: what an update keeps, and what remains after `destroy`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, test } from 'vitest'
import { digestOf } from '../conformance/client.ts'
import { s3Client } from './support/clients.ts'
import type { Deployed } from './support/deployment.ts'
import { locationOf, type Session, startSession } from './support/session.ts'

const POLICY = `
version: 1
rules:
  - { who: [authenticated], repositories: ['**'], actions: ['*'] }
  - { who: [anonymous], repositories: ['stack/**'], actions: [pull] }
`

/** Declares the tests. They leave a different deployment behind. */
export const updateTests = (deployed: Deployed): void => {
  let session: Session
  let image: Awaited<ReturnType<Session['pushImage']>>
  beforeAll(async () => {
    session = await startSession(deployed(), 'stack/image')
    image = await session.pushImage('v1', randomBytes(100_000))
  })

  const blob = () => `blobs/${digestOf(image.layer)}`

  test('the command in the outputs sets the policy', async () => {
    const pull = () => fetch(`http://${deployed().address}/v2/stack/image/manifests/v1`)
    assert.equal((await pull()).status, 401)
    await deployed().slipway('policy set -', POLICY)
    // Running instances use it within 30 seconds.
    const deadline = Date.now() + 120_000
    while ((await pull()).status !== 200) {
      assert.ok(Date.now() < deadline, 'the policy did not take effect')
      await sleep(500)
    }
    assert.equal((await fetch(`http://${deployed().address}/v2/other/manifests/v1`)).status, 401)
  })

  test('an update keeps images, tokens and unfinished uploads', async () => {
    const begun = locationOf(await session.send('POST', 'blobs/uploads/'), 202)
    const body = new Uint8Array(randomBytes(50_000))
    const next = locationOf(await session.send('PATCH', begun, { body }), 202)

    const host = deployed().address.replace('127.0.0.1', 'registry.example')
    await deployed().deploy({ signingKeys: '1,2' })
    const outputs = await deployed().deploy({
      publicUrl: `http://${host}`,
      signingKeys: '2,1',
    })
    assert.equal(outputs.RegistryHost, host)
    assert.equal(outputs.BucketName, deployed().outputs.BucketName)
    const challenged = await fetch(`http://${deployed().address}/v2/`)
    assert.match(
      challenged.headers.get('www-authenticate') ?? '',
      new RegExp(`http://${host}/token`),
    )

    const keyOf = (token: string): string =>
      JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
    const { token } = await startSession(deployed(), 'stack/image')
    assert.notEqual(keyOf(token), keyOf(session.token))

    const ended = await session.send('PUT', `${next}&digest=${digestOf(body)}`)
    assert.equal(ended.status, 201, await ended.text())
    const url = locationOf(await session.send('GET', blob()), 307)
    assert.ok(image.layer.equals(Buffer.from(await (await fetch(url)).arrayBuffer())))
    assert.equal((await session.send('GET', 'manifests/v1')).status, 200)
  })

  test('a read-only registry rejects pushes', async () => {
    await deployed().deploy({ readOnly: 'on' })
    const refused = await session.send('POST', 'blobs/uploads/')
    assert.equal(refused.status, 405)
    assert.equal((await session.send('GET', 'manifests/v1')).status, 200)
  })

  test('keys in the bucket are made by an administrator, and read by the function', async () => {
    await deployed().deploy({ keys: 'bucket' })
    await assert.rejects(startSession(deployed(), 'stack/image'), /503/)
    await deployed().slipway('keys create')
    // That there were none is remembered for some seconds.
    const deadline = Date.now() + 60_000
    const begin = (): Promise<Session> =>
      startSession(deployed(), 'stack/image').catch(async (error) => {
        if (Date.now() > deadline) throw error
        await sleep(1000)
        return begin()
      })
    const again = await begin()
    const body = new Uint8Array(randomBytes(50_000))
    const begun = locationOf(await again.send('POST', 'blobs/uploads/'), 202)
    const next = locationOf(await again.send('PATCH', begun, { body }), 202)
    assert.equal((await again.send('PUT', `${next}&digest=${digestOf(body)}`)).status, 201)
  })

  test('destroying the stack leaves the bucket, which another stack can use', async () => {
    const { emulator, outputs } = deployed()
    await deployed().destroy()
    assert.equal((await session.send('GET', 'manifests/v1')).status, 404)
    const s3 = s3Client(emulator)
    const hex = digestOf(image.layer).slice('sha256:'.length)
    const Key = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
    const { ContentLength } = await s3.send(
      new HeadObjectCommand({ Bucket: outputs.BucketName, Key }),
    )
    s3.destroy()
    assert.equal(ContentLength, image.layer.length)

    const { BucketName } = await deployed().deploy({ bucket: outputs.BucketName })
    assert.equal(BucketName, outputs.BucketName)
    // Its keys are new, but the accounts are in the bucket.
    assert.equal((await session.send('GET', 'manifests/v1')).status, 401)
    const again = await startSession(deployed(), 'stack/image')
    const answer = await again.send('GET', 'manifests/v1')
    assert.ok(image.manifest.equals(Buffer.from(await answer.arrayBuffer())))
  })
}
