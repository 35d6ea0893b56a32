/**
 * Docker with its classic image store: PATCHes of unknown length, and pulls that resume. The daemon is
 * Debian's; every `docker` client on the machine is tried with it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { type Dockerd, dockerClient, load, pushed, startDockerd } from './support/daemons.ts'
import { readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

eachSetup('docker', (scene) => {
  const fresh = async (name: string) => {
    const daemon = await startDockerd(scene().directory, name)
    scene().onClose(daemon.stop)
    return daemon
  }
  const remote = () => `${scene().setup.address}/e2e/docker:v1`
  let id = ''
  let source: Dockerd

  test('pushes the image', async () => {
    const { image, setup } = scene()
    source = await fresh('source')
    id = await load(source.docker, image, remote())
    const digest = pushed(await source.docker('push', remote()))
    const read = await readRegistry(setup.address, 'e2e/docker', 'v1')
    // Docker compresses layers itself, so that only their contents are those of the source.
    assert.equal(read.manifest, digest)
    assert.equal(read.config, id)
    assert.deepEqual(read.diffIds, image.diffIds)
  })

  test('pushes again without sending a blob', async () => {
    const { setup } = scene()
    const seen = setup.front.exchanges.length
    await source.docker('push', remote())
    const patches = setup.front.exchanges.slice(seen).filter(({ method }) => method === 'PATCH')
    assert.deepEqual(patches, [])
  })

  test('pulls it into an empty store, resuming a layer that was cut', async () => {
    const { setup } = scene()
    const { docker } = await fresh('target')
    const seen = setup.blobs.exchanges.length
    setup.blobs.cutNext(({ method, length }) => method === 'GET' && length > 1_000_000, 700_000)
    const printed = await docker('pull', remote())
    const { manifest } = await readRegistry(setup.address, 'e2e/docker', 'v1')
    assert.ok(printed.includes(`Digest: ${manifest}`), printed)
    assert.equal((await docker('image', 'inspect', '--format', '{{.Id}}', remote())).trim(), id)

    const exchanges = setup.blobs.exchanges.slice(seen)
    assert.ok(
      exchanges.some(({ cut }) => cut),
      'no response was cut',
    )
    const resumed = exchanges.find(({ range }) => range !== undefined && range !== 'bytes=0-')
    assert.equal(resumed?.status, 206, 'no request was sent for the rest')
  })

  test('pushes with every client on the path', async () => {
    const { setup } = scene()
    const programs = (process.env.PATH ?? '').split(':').map((path) => join(path, 'docker'))
    const others = [...new Set(programs.filter(existsSync))]
    assert.ok(others.includes('/usr/bin/docker'))
    for (const [position, program] of others.entries()) {
      const docker = dockerClient(program, source.socket, join(scene().directory, 'other'))
      const target = `${setup.address}/e2e/docker-client:v${position}`
      await docker('tag', remote(), target)
      const digest = pushed(await docker('push', target))
      const url = `http://${setup.address}/v2/e2e/docker-client/manifests/v${position}`
      const response = await fetch(url, { method: 'HEAD' })
      assert.equal(response.headers.get('docker-content-digest'), digest)
    }
  })
})
