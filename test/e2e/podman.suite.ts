/**
 * podman and buildah: they compress layers while sending them, in PATCHes of unknown length.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { run } from '../support/live/process.ts'
import { readRegistry } from './support/image.ts'
import { eachSetup } from './support/matrix.ts'

for (const program of ['podman', 'buildah'] as const) {
  eachSetup(program, (scene) => {
    const remote = (tag: string) => `${scene().setup.address}/e2e/${program}:${tag}`

    /** Runs the client on a store of its own. */
    const on =
      (store: string) =>
      (...args: string[]): Promise<string> => {
        const directory = join(scene().directory, store)
        const places = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')]
        return run(program, [...places, '--storage-driver', 'vfs', ...args], {
          // With its cache of known blobs it would skip the uploads and downloads under test.
          env: { XDG_DATA_HOME: directory, HOME: directory, TMPDIR: scene().directory },
        })
      }
    const inspect = (store: string) => on(store)('inspect', '--type', 'image', remote('v1'))

    const formats = [
      { format: 'oci', tag: 'v1' },
      { format: 'v2s2', tag: 'v2' },
    ]
    for (const { format, tag } of formats) {
      test(`pushes the image as ${format}`, async () => {
        const { image, setup, directory } = scene()
        const client = on('source')
        const id = (await client('pull', '--quiet', `oci-archive:${image.ociArchive}`)).trim()
        const file = join(directory, `${format}.digest`)
        const options = ['--tls-verify=false', '--format', format, '--digestfile', file]
        await client('push', ...options, id, `docker://${remote(tag)}`)
        const read = await readRegistry(setup.address, `e2e/${program}`, tag)
        assert.equal(read.manifest, readFileSync(file, 'utf8').trim())
        assert.deepEqual(read.diffIds, image.diffIds)
        if (format === 'oci') assert.equal(read.config, image.config)
      })
    }

    test('pulls it into an empty store', async () => {
      const { image } = scene()
      await on('target')('pull', '--quiet', '--tls-verify=false', `docker://${remote('v1')}`)
      assert.ok((await inspect('target')).includes(image.config.replace('sha256:', '')))
    })
  })
}
