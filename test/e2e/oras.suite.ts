/**
 * oras: images and other artifacts, one PUT for each blob, and the referrers of an image.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { identity, readLayout, readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

interface Discovered {
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string }[]
}

eachSetup('oras', (scene) => {
  const repository = () => `${scene().setup.address}/e2e/oras`

  const oras = (...args: string[]) => run('oras', args, { cwd: scene().directory })

  test('copies an image in unchanged', async () => {
    const { image, setup } = scene()
    const target = `${repository()}:v1`
    await oras('cp', '--from-oci-layout', '--to-plain-http', `${image.layout}:v1`, target)
    assert.deepEqual(await readRegistry(setup.address, 'e2e/oras', 'v1'), identity(image))
  })

  test('copies it out bit for bit', async () => {
    const { image, directory } = scene()
    const source = `${repository()}:v1`
    await oras('cp', '--to-oci-layout', '--from-plain-http', source, 'pulled:v1')
    assert.deepEqual(readLayout(join(directory, 'pulled')), identity(image))
  })

  test('pushes and pulls an artifact', async () => {
    const { directory } = scene()
    const bytes = randomBytes(3_000_000)
    writeFileSync(join(directory, 'model.bin'), bytes)
    const target = `${repository()}:model`
    const type = '--artifact-type=application/vnd.example.model'
    await oras('push', '--plain-http', type, target, 'model.bin:application/vnd.example.bin')
    mkdirSync(join(directory, 'out'))
    await oras('pull', '--plain-http', '-o', 'out', target)
    assert.ok(readFileSync(join(directory, 'out/model.bin')).equals(bytes))
  })

  test('attaches artifacts to the image, and discovers them by type', async () => {
    const { directory, setup } = scene()
    const subject = `${repository()}:v1`
    for (const kind of ['sbom', 'signature']) {
      writeFileSync(join(directory, `${kind}.json`), JSON.stringify({ kind }))
      const type = `--artifact-type=application/vnd.example.${kind}`
      await oras('attach', '--plain-http', type, subject, `${kind}.json:application/json`)
    }
    const discover = async (...args: string[]): Promise<string[]> => {
      const printed = await oras('discover', '--plain-http', '--format=json', ...args, subject)
      const { referrers }: Discovered = JSON.parse(printed)
      return referrers.map(({ artifactType }) => artifactType).sort()
    }
    const both = ['application/vnd.example.sbom', 'application/vnd.example.signature']
    assert.deepEqual(await discover(), both)
    const sbom = 'application/vnd.example.sbom'
    assert.deepEqual(await discover(`--artifact-type=${sbom}`), [sbom])

    // Without a referrers API oras would have written a tag instead.
    const { tags } = await fetch(`http://${setup.address}/v2/e2e/oras/tags/list`).then(
      (response) => response.json() as Promise<{ tags: string[] }>,
    )
    assert.deepEqual(tags.sort(), ['model', 'v1'])
  })
})
