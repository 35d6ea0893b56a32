/**
 * containerd with ctr: one PUT for each blob, all in parallel, and pulls that resume.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { startContainerd } from './support/daemons.ts'
import { identity, readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

eachSetup('ctr', (scene) => {
  const fresh = async (name: string) => {
    const daemon = await startContainerd(scene().directory, name)
    scene().onClose(daemon.stop)
    return daemon
  }
  const remote = () => `${scene().setup.address}/e2e/ctr:v1`

  test('pushes the image unchanged', async () => {
    const { image, setup } = scene()
    const { ctr } = await fresh('source')
    await ctr('images', 'import', '--no-unpack', '--base-name', 'source', image.ociArchive)
    await ctr('images', 'push', '--plain-http', remote(), 'source:v1')
    assert.deepEqual(await readRegistry(setup.address, 'e2e/ctr', 'v1'), identity(image))
  })

  test('pulls it into an empty store bit for bit', async () => {
    const { image } = scene()
    const { ctr } = await fresh('target')
    await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', remote())
    const stored = (await ctr('content', 'ls', '-q')).trim().split('\n').sort()
    assert.deepEqual(stored, [image.manifest, image.config, ...image.layers].sort())
    assert.match(await ctr('images', 'check'), /complete \(\d+\/\d+\)/)
  })

  test('resumes a pull that was cut in the middle of a layer', async () => {
    const { image, setup } = scene()
    const { ctr } = await fresh('cut')
    const seen = setup.blobs.exchanges.length
    setup.blobs.cutNext(({ method, length }) => method === 'GET' && length > 1_000_000, 700_000)
    await ctr('content', 'fetch', '--plain-http', remote())
    const stored = (await ctr('content', 'ls', '-q')).trim().split('\n').sort()
    assert.deepEqual(stored, [image.manifest, image.config, ...image.layers].sort())

    const exchanges = setup.blobs.exchanges.slice(seen)
    const broken = exchanges.find(({ cut }) => cut)
    assert.ok(broken, 'no response was cut')
    const resumed = exchanges.find(({ range }) => range !== undefined && range !== 'bytes=0-')
    assert.ok(resumed, 'no request was sent for the rest')
    assert.equal(resumed.status, 206)
    assert.ok(resumed.responseBytes < broken.length, 'the whole layer was sent again')
  })
})
