/**
 * Signatures of cosign, in both of its forms, verified through a registry that has the image from another one: by tags, by
 * referrers, and by the tag that stands for referrers at registries without that API; also when the other one is gone.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeLayout } from '../../interop/oci-layout.ts'
import { describeWith } from '../../support/live/installed.ts'
import { run, scratch, toolCache } from '../../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../../support/live/registry.ts'

const cosign = join(toolCache, 'others/bin/cosign')

/** Whether a signature is a tag of its own, or a bundle that refers to the image. */
const FORMS = ['--new-bundle-format=false', '--new-bundle-format=true'] as const

describeWith([cosign], 'signatures of cosign', () => {
  describe.each(['slipway', 'distribution'] as const)('from %s', (program) => {
    const directory = scratch('cosign')
    const at = (name: string): string => join(directory.path, name)
    let [upstream, registry]: (LiveRegistry | undefined)[] = []
    let digest = ''

    const call = (command: string, ...args: string[]): Promise<string> =>
      run(command, args, {
        cwd: directory.path,
        env: { HOME: at('home'), DOCKER_CONFIG: at('home'), COSIGN_PASSWORD: '' },
      })

    const verify = (form: string): Promise<string> =>
      call(
        cosign,
        ...['verify', '--key', 'cosign.pub', form, '--allow-http-registry'],
        ...['--insecure-ignore-tlog', `${registry!.address}/up/team/app@${digest}`],
      )

    beforeAll(async () => {
      mkdirSync(at('home'))
      const off = ['--auth', 'off']
      upstream = await startRegistry(program, { directory: at('upstream') }, { flags: off })
      const image = `${upstream.address}/team/app`
      const made = await writeLayout(at('layout'), ['amd64'], [10_000])
      digest = made.amd64!.manifest
      await call('crane', 'push', '--insecure', at('layout'), `${image}:v1`)
      await call(cosign, 'generate-key-pair')
      const plain = ['--tlog-upload=false', '--use-signing-config=false', '--allow-http-registry']
      for (const form of FORMS) {
        await call(cosign, 'sign', '--key', 'cosign.key', form, ...plain, `${image}@${digest}`)
      }
      const entry = { name: 'up', host: 'up.example', prefix: 'up', private: ['127.0.0.1'] }
      const upstreams = [{ ...entry, url: `http://${upstream.address}` }]
      writeFileSync(at('upstreams'), JSON.stringify({ version: 1, upstreams }))
      const store = { directory: at('store') }
      await slipway('upstreams', store, ['set', at('upstreams')])
      registry = await startRegistry('slipway', store, { flags: off })
    })

    afterAll(async () => {
      await registry?.close()
      await upstream?.close()
      directory.remove()
    })

    test.each(FORMS)('are verified, with %s', async (form) => {
      expect(await verify(form)).toContain(digest)
    })

    test('are verified when it is gone', async () => {
      await upstream?.close()
      for (const form of FORMS) expect(await verify(form)).toContain(digest)
    })
  })
})
