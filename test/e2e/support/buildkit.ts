/**
 * BuildKit, as the builder of Docker Engine 29: it pushes what it builds by itself, not through the engine.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blob } from '../../support/hosts/content.ts'
import { run } from '../../support/live/process.ts'
import { homeIn, type OpenClient } from './client.ts'
import { dockerClient, startDocker29 } from './daemons.ts'
import { readLayout } from './image.ts'

/** Bytes of the layers of what it builds, which is not the source image. */
const LAYERS = { four: 4_000_000, nine: 9_000_000, fifty: 50_000_000 }

/** What it has pushed is pulled by crane: it keeps nothing. */
export const openBuildKit: OpenClient = async ({ address, directory }) => {
  const daemon = await startDocker29(directory, 'buildkit')
  const context = join(directory, 'context')
  mkdirSync(context)
  for (const [name, size] of Object.entries(LAYERS)) {
    writeFileSync(join(context, name), blob(name, size).bytes)
  }
  const lines = Object.keys(LAYERS).map((name) => `COPY ${name} /\n`)
  writeFileSync(join(context, 'Dockerfile'), `FROM scratch\n${lines.join('')}`)
  return {
    as({ name = '', password = '' } = { name: '', password: '' }) {
      const config = homeIn(directory)
      const docker = dockerClient('/usr/bin/docker', daemon.socket, config, {
        DOCKER_BUILDKIT: '1',
      })
      return {
        logIn: () => docker('login', '--username', name, '--password', password, address),
        async push(target) {
          const output = `type=image,name=${target},push=true`
          await docker('build', '--output', output, context)
          const env = { DOCKER_CONFIG: config }
          return (await run('crane', ['digest', target], { env })).trim()
        },
        async pull(source) {
          const pulled = join(config, 'pulled')
          await run('crane', ['pull', '--format=oci', source, pulled], {
            env: { DOCKER_CONFIG: config },
          })
          return readLayout(pulled).manifest
        },
      }
    },
    copy: () => assert.fail('BuildKit copies nothing'),
    close: daemon.stop,
  }
}
