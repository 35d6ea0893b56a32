/**
 * Two clients push the same image to the same tag at the same time.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { identity, readRegistry } from './support/image.ts'
import { eachSetup, type Scene } from './support/matrix.ts'

type Push = (scene: Scene, target: string) => Promise<string>

const crane: Push = ({ image }, target) => run('crane', ['push', image.layout, target])

const skopeo: Push = ({ image }, target) =>
  run('skopeo', [
    ...['--insecure-policy', 'copy', '--dest-tls-verify=false'],
    ...[`oci:${image.layout}:v1`, `docker://${target}`],
  ])

const pairs: readonly { readonly name: string; readonly pushes: readonly [Push, Push] }[] = [
  { name: 'crane and skopeo', pushes: [crane, skopeo] },
  { name: 'crane and crane', pushes: [crane, crane] },
]

eachSetup('together', (scene) => {
  for (const [position, { name, pushes }] of pairs.entries()) {
    test(name, async () => {
      const { image, setup } = scene()
      const repository = `e2e/together-${position}`
      await Promise.all(pushes.map((push) => push(scene(), `${setup.address}/${repository}:v1`)))
      assert.deepEqual(await readRegistry(setup.address, repository, 'v1'), identity(image))
      const agents = setup.front.exchanges
        .filter(({ method, url }) => method === 'POST' && url.includes(repository))
        .map(({ userAgent }) => userAgent)
      assert.ok(agents.length > image.layers.length + 1, 'only one of the two sent its blobs')
    })
  }
})
