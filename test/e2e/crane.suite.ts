/**
 * crane (go-containerregistry): one PATCH of known length for each blob.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { identity, readLayout, readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

const crane = (...args: string[]) => run('crane', args)

eachSetup('crane', (scene) => {
  const repository = () => `${scene().setup.address}/e2e/crane`

  test('pushes the image unchanged', async () => {
    const { image, setup } = scene()
    await crane('push', image.layout, `${repository()}:v1`)
    assert.deepEqual(await readRegistry(setup.address, 'e2e/crane', 'v1'), identity(image))
  })

  test('pulls it back bit for bit', async () => {
    const { image, directory } = scene()
    const pulled = join(directory, 'pulled')
    await crane('pull', '--format=oci', `${repository()}:v1`, pulled)
    assert.deepEqual(readLayout(pulled), identity(image))
    await crane('validate', '--remote', `${repository()}:v1`)
  })

  test('copies to another repository, which mounts the blobs', async () => {
    const { image, setup } = scene()
    const sent = setup.front.exchanges.length
    await crane('copy', `${repository()}:v1`, `${repository()}-copy:v2`)
    assert.equal((await crane('digest', `${repository()}-copy:v2`)).trim(), image.manifest)
    const uploads = setup.front.exchanges.slice(sent).filter(({ method }) => method === 'PATCH')
    assert.deepEqual(uploads, [])
  })

  test('tags, lists tags and repositories, and deletes', async () => {
    const { setup } = scene()
    await crane('tag', `${repository()}:v1`, 'v2')
    assert.equal(await crane('ls', repository()), 'v1\nv2\n')
    const catalog = (await crane('catalog', setup.address)).trim().split('\n')
    assert.deepEqual(catalog, ['e2e/crane', 'e2e/crane-copy'])
    const digest = (await crane('digest', `${repository()}:v2`)).trim()
    await crane('delete', `${repository()}@${digest}`)
    await assert.rejects(crane('digest', `${repository()}:v2`), /404|MANIFEST_UNKNOWN/)
  })
})
