/**
 * Clients that find the token of a job by `docker-credential-slipway`: nobody logs in.
 *
 * @module
 */

import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { dockerClient, startDockerd } from './support/daemons.ts'
import { type SourceImage, sourceImage } from './support/image.ts'
import { type OidcProvider, startOidcProvider } from './support/oidc-provider.ts'

const AUDIENCE = 'registry.example'
const REFUSED = /unauthorized|denied|403:? \(?forbidden|authentication required/i

const files = scratch('job')
const at = (...names: string[]): string => join(files.path, ...names)
let provider: OidcProvider
let registry: LiveRegistry
let image: SourceImage
/** Of clients that know the helper, in a job and outside of one. */
let job: Readonly<Record<string, string>>
let outside: Readonly<Record<string, string>>

/** What `npm install --global` puts on the path. */
const installHelper = (): void => {
  mkdirSync(at('bin'))
  const program = join(projectRoot, 'functions/handlers/credential-helper.ts')
  const script = `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`
  writeFileSync(at('bin/docker-credential-slipway'), script)
  chmodSync(at('bin/docker-credential-slipway'), 0o755)
}

/** Where Docker's clients, and those of podman, look for helpers. */
const configure = (): void => {
  const config = JSON.stringify({ credHelpers: { [registry.address]: 'slipway' } })
  mkdirSync(at('home/.docker'), { recursive: true })
  for (const name of ['home/.docker/config.json', 'auth.json']) {
    writeFileSync(at(name), config)
  }
}

beforeAll(async () => {
  provider = await startOidcProvider(AUDIENCE, { ci: { project_id: '1' } })
  const store = { directory: at('store') }
  const rule = ['--audience', AUDIENCE, '--repositories', 'team/**', '--add-rule']
  const issuer = [provider.issuer, '--id', 'ci', '--private-addresses']
  await slipway('issuers', store, ['add', ...issuer, ...rule])
  registry = await startRegistry('slipway', store, { flags: ['--auth', 'token'] })
  installHelper()
  configure()
  writeFileSync(at('token'), await provider.token('ci'))
  outside = {
    PATH: `${at('bin')}:${process.env.PATH}`,
    HOME: at('home'),
    DOCKER_CONFIG: at('home/.docker'),
    REGISTRY_AUTH_FILE: at('auth.json'),
  }
  job = { ...outside, SLIPWAY_TOKEN_FILE: at('token'), SLIPWAY_AUDIENCE: AUDIENCE }
  image = await sourceImage('small')
}, 900_000)
afterAll(async () => {
  await registry?.close()
  await provider?.close()
  files.remove()
})

const target = (name: string): string => `${registry.address}/team/${name}:v1`
/** An empty store. Its paths must be short. */
const podmanStore = (): string[] => {
  const store = mkdtempSync(at('p'))
  return ['--root', join(store, 'root'), '--runroot', join(store, 'r'), '--storage-driver', 'vfs']
}

/** How each client pushes; then it is asked for what it has pushed. */
const CLIENTS: Readonly<
  Record<string, (env: Readonly<Record<string, string>>) => (name: string) => Promise<unknown>>
> = {
  skopeo: (env) => async (name) => {
    const to = ['--dest-tls-verify=false', `oci:${image.layout}:v1`, `docker://${target(name)}`]
    await run('skopeo', ['--insecure-policy', 'copy', ...to], { env })
    await run('skopeo', ['inspect', '--tls-verify=false', `docker://${target(name)}`], { env })
  },
  podman: (env) => async (name) => {
    const store = podmanStore()
    const podman = (...args: string[]) => run('podman', [...store, ...args], { env })
    const id = (await podman('pull', '--quiet', `oci-archive:${image.ociArchive}`)).trim()
    await podman('push', '--tls-verify=false', id, target(name))
    await podman('pull', '--tls-verify=false', target(name))
  },
  crane: (env) => async (name) => {
    await run('crane', ['push', '--insecure', image.layout, target(name)], { env })
    await run('crane', ['validate', '--insecure', '--remote', target(name)], { env })
  },
  oras: (env) => async (name) => {
    const from = ['--from-oci-layout', `${image.layout}:v1`]
    await run('oras', ['copy', ...from, '--to-plain-http', target(name)], { env })
    await run('oras', ['manifest', 'fetch', '--plain-http', target(name)], { env })
  },
}

describe.each(Object.keys(CLIENTS))('%s', (name) => {
  test('pushes and pulls with the token of the job', () => CLIENTS[name]!(job)(name))

  test('is refused outside of a job', async () => {
    await expect(CLIENTS[name]!(outside)(`${name}-outside`)).rejects.toThrow(REFUSED)
  })
})

test('helm pushes and pulls a chart with the token of the job', async () => {
  mkdirSync(at('chart'))
  writeFileSync(at('chart/Chart.yaml'), 'apiVersion: v2\nname: chart\nversion: 1.0.0\n')
  const helm = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    run('helm', args, { env, cwd: files.path })
  await helm(job, 'package', 'chart')
  const charts = `oci://${registry.address}/team/charts`
  const push = ['push', 'chart-1.0.0.tgz', charts, '--plain-http']
  await expect(helm(outside, ...push)).rejects.toThrow(REFUSED)
  await helm(job, ...push)
  const pull = ['pull', `${charts}/chart`, '--version', '1.0.0', '--plain-http', '-d', at('home')]
  await helm(job, ...pull)
})

test('docker pulls with the token of the job, and is refused outside of one', async () => {
  const daemon = await startDockerd(files.path, 'dockerd')
  try {
    const docker = (env: Readonly<Record<string, string>>) =>
      dockerClient('/usr/bin/docker', daemon.socket, at('home/.docker'), env)
    await expect(docker(outside)('pull', target('skopeo'))).rejects.toThrow(REFUSED)
    await docker(job)('pull', target('skopeo'))
    await docker(job)('tag', target('skopeo'), target('docker'))
    await docker(job)('push', target('docker'))
  } finally {
    await daemon.stop()
  }
})

test('the program says what it does', async () => {
  const helper = (...args: string[]) => run(at('bin/docker-credential-slipway'), args, { env: job })
  expect(await helper('list')).toBe('{}\n')
  await expect(helper('store')).rejects.toThrow(/keeps no passwords/)
})
