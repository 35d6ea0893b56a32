/**
 * cosign behind the edge, where HEADs of manifests are redirected. It takes minutes to compile.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { testWith } from '../../support/live/installed.ts'
import { run, toolCache } from '../../support/live/process.ts'
import { headsScene } from '../support/edge-heads.ts'

const COSIGN = join(toolCache, 'others/bin/cosign')

describe('behind the edge, HEADs of manifests are redirected', () => {
  const at = headsScene()

  testWith([COSIGN], 'cosign signs as it does by default, and verifies', async () => {
    const { address, alice, image, repository, directory, during } = at()
    const home = directory()
    const env = { HOME: home, DOCKER_CONFIG: home, COSIGN_PASSWORD: '' }
    const auth = Buffer.from(`${alice.name}:${alice.password}`).toString('base64')
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [address]: { auth } } }))
    const cosign = (...args: string[]) => run(COSIGN, args, { cwd: home, env })
    await cosign('generate-key-pair')
    const signed = `${address}/${repository}@${image.manifest}`
    const [plain, alone] = ['--allow-http-registry', '--tlog-upload=false']
    await during(async () => {
      const offline = [alone, '--use-signing-config=false', '--yes']
      await cosign('sign', '--key', 'cosign.key', plain, ...offline, signed)
      await cosign('verify', '--key', 'cosign.pub', plain, '--insecure-ignore-tlog', signed)
    }, true)
  })
})
