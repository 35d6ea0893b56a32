/**
 * skopeo (containers/image): one PATCH of known length for each blob.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { identity, readLayout, readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args])

eachSetup('skopeo', (scene) => {
  const remote = () => `docker://${scene().setup.address}/e2e/skopeo:v1`

  test('pushes the image unchanged', async () => {
    const { image, setup } = scene()
    await skopeo('copy', '--dest-tls-verify=false', `oci:${image.layout}:v1`, remote())
    assert.deepEqual(await readRegistry(setup.address, 'e2e/skopeo', 'v1'), identity(image))
  })

  test('pulls it back bit for bit', async () => {
    const { image, directory } = scene()
    const pulled = join(directory, 'pulled')
    await skopeo('copy', '--src-tls-verify=false', remote(), `oci:${pulled}:v1`)
    assert.deepEqual(readLayout(pulled), identity(image))
  })

  test('inspects, lists tags and deletes', async () => {
    const { image } = scene()
    const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', remote()))
    assert.equal(inspected.Digest, image.manifest)
    assert.deepEqual(inspected.Layers, image.layers)
    const repository = remote().replace(/:v1$/, '')
    const listed = JSON.parse(await skopeo('list-tags', '--tls-verify=false', repository))
    assert.deepEqual(listed.Tags, ['v1'])
    await skopeo('delete', '--tls-verify=false', remote())
    await assert.rejects(skopeo('inspect', '--tls-verify=false', remote()), /manifest unknown/)
  })
})
