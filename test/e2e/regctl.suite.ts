/**
 * regctl (regclient): chunks of 1 MiB, referrers, and deleting a tag but not its manifest.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { identity, readLayout, readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

const chunk = 1_048_576

eachSetup('regctl', (scene) => {
  const repository = () => `${scene().setup.address}/e2e/regctl`

  const regctl = (...args: string[]) => {
    const { directory } = scene()
    const env = { REGCTL_CONFIG: join(directory, 'regctl.json') }
    return run('regctl', args, { cwd: directory, env })
  }

  test('pushes the image unchanged in chunks of 1 MiB', async () => {
    const { image, setup } = scene()
    const limits = ['--blob-chunk', String(chunk), '--blob-max', '1']
    await regctl('registry', 'set', '--tls', 'disabled', ...limits, setup.address)
    await regctl('image', 'copy', `ocidir://${image.layout}:v1`, `${repository()}:v1`)
    const patches = setup.front.exchanges.filter(({ method }) => method === 'PATCH')
    assert.equal(Math.max(...patches.map(({ requestBytes }) => requestBytes)), chunk)
    assert.deepEqual(await readRegistry(setup.address, 'e2e/regctl', 'v1'), identity(image))
  })

  test('pulls it back bit for bit', async () => {
    const { image, directory } = scene()
    await regctl('image', 'copy', `${repository()}:v1`, 'ocidir://pulled:v1')
    assert.deepEqual(readLayout(join(directory, 'pulled')), identity(image))
  })

  test('puts an artifact that refers to the image, and lists it', async () => {
    const { directory } = scene()
    writeFileSync(join(directory, 'sbom.json'), '{"kind":"sbom"}')
    const type = ['--artifact-type', 'application/vnd.example.sbom']
    const file = ['--file', 'sbom.json', '--file-media-type', 'application/json']
    await regctl('artifact', 'put', ...type, ...file, '--subject', `${repository()}:v1`)
    const listed = await regctl('artifact', 'list', `${repository()}:v1`, '--format=body')
    const { manifests } = JSON.parse(listed)
    assert.equal(manifests.length, 1)
    assert.equal(manifests[0].artifactType, 'application/vnd.example.sbom')
  })

  test('deletes one tag and keeps the other', async () => {
    const { image } = scene()
    await regctl('image', 'copy', `${repository()}:v1`, `${repository()}:v2`)
    assert.equal(await regctl('tag', 'ls', repository()), 'v1\nv2\n')
    await regctl('tag', 'delete', `${repository()}:v2`)
    assert.equal(await regctl('tag', 'ls', repository()), 'v1\n')
    const digest = await regctl('image', 'digest', `${repository()}:v1`)
    assert.equal(digest.trim(), image.manifest)
  })
})
