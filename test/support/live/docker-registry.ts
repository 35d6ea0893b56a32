/**
 * Starts docker-registry 0.9.1, the server of the first API, as `.ci/install` has put it together.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, projectRoot, responds, type scratch, startDaemon, toolCache } from './process.ts'
import type { LiveRegistry } from './registry.ts'

const PACKAGES = join(toolCache, 'first-api')

/** @param directory where it stores everything; whoever gave it removes it */
export const startDockerRegistry = async ({
  path,
}: Pick<ReturnType<typeof scratch>, 'path'>): Promise<LiveRegistry> => {
  const port = await freePort()
  const config = join(path, 'config.json')
  // JSON is valid YAML.
  writeFileSync(
    config,
    JSON.stringify({
      local: {
        loglevel: 'info',
        standalone: true,
        search_backend: 'sqlalchemy',
        sqlalchemy_index_database: `sqlite:///${join(path, 'index.db')}`,
        storage: 'local',
        storage_path: join(path, 'store'),
      },
    }),
  )
  const address = `127.0.0.1:${port}`
  const daemon = await startDaemon({
    name: 'docker-registry-0.9.1',
    command: join(PACKAGES, 'python'),
    args: [join(projectRoot, '.ci/first-api/serve.py'), PACKAGES, String(port)],
    env: { SETTINGS_FLAVOR: 'local', DOCKER_REGISTRY_CONFIG: config },
    ready: () => responds(`http://${address}/v1/_ping`),
  })
  return { address, output: daemon.output, close: daemon.stop }
}
