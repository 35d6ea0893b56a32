/**
 * The container image, as an operator would build and run it: on a base made of Debian packages, as a
 * user without rights, on a root that cannot be written to.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dockerd, load, pushed, startDockerd } from '../e2e/support/daemons.ts'
import { readRegistry, sourceImage } from '../e2e/support/image.ts'
import { freePort, projectRoot, run, scratch } from '../support/live/process.ts'
import { ALICE, BASE, inspect, PASSWORD, statusOf } from './support.ts'

describe('the image', () => {
  const { path: directory, remove } = scratch('image')
  let dockerd: Dockerd
  let address = ''
  let port = 0

  const docker = (...args: string[]) => dockerd.docker(...args)

  /** Containers have no network of their own here, so it listens on a port of the machine. */
  const start = (name: string, ...options: string[]) =>
    docker(
      ...['run', '--detach', '--name', name, '--network', 'host', '--read-only', '--tmpfs', '/tmp'],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--volume', 'data:/data'],
      ...['--env', `SLIPWAY_LISTEN=127.0.0.1:${port}`, ...options, 'slipway'],
    )

  /** What allows pushes to the repository `slow`. */
  const authorize = async () => {
    const scope = 'repository:slow:pull,push'
    const response = await fetch(`http://${address}/token?service=slipway&scope=${scope}`, {
      headers: { authorization: ALICE },
    })
    const { token } = (await response.json()) as { token: string }
    return { authorization: `Bearer ${token}` }
  }

  const beginUpload = async () =>
    fetch(`http://${address}/v2/slow/blobs/uploads/`, {
      method: 'POST',
      headers: await authorize(),
    })

  beforeAll(async () => {
    await run('npm', ['run', 'build'], { cwd: projectRoot })
    port = await freePort()
    address = `127.0.0.1:${port}`
    dockerd = await startDockerd(directory, 'dockerd', 'auto')
    await load(dockerd.docker, await sourceImage('base'), BASE)
    await docker(
      ...['build', '--network', 'none', '--build-arg', `BASE=${BASE}`],
      ...['--tag', 'slipway', projectRoot],
    )
  }, 900_000)

  afterAll(async () => {
    await docker('rm', '--force', 'registry').catch(() => undefined)
    await dockerd.stop()
    remove()
  })

  test('runs as a user without rights, and says how to check its health', async () => {
    const { Config } = await inspect(dockerd.docker, 'image', 'slipway')
    expect(Config).toMatchObject({
      User: '10001:10001',
      Cmd: ['serve'],
      ExposedPorts: { '5000/tcp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGTERM',
    })
    expect(Config.Healthcheck.Test).toEqual(['CMD', 'node', '/opt/slipway/healthcheck.mjs'])
  })

  test('adds no more than Node and Slipway to its base', async () => {
    const { Size: size } = await inspect(dockerd.docker, 'image', 'slipway')
    const { Size: base } = await inspect(dockerd.docker, 'image', BASE)
    expect((size - base) / 1e6).toBeLessThan(145)
  })

  test('starts without an account, lets nobody in, and becomes healthy', async () => {
    await start('registry')
    await expect
      .poll(
        async () => (await inspect(dockerd.docker, 'container', 'registry')).State.Health.Status,
        {
          timeout: 60_000,
          interval: 500,
        },
      )
      .toBe('healthy')
    expect(await statusOf(`http://${address}/v2/`)).toBe(401)
  })

  test('takes an account, a push of itself, and gives it back', async () => {
    await run(
      '/usr/bin/docker',
      [
        ...['--host', `unix://${dockerd.socket}`, 'exec', '--interactive', 'registry'],
        ...['slipway', 'user', 'add', 'alice', '--password-stdin'],
      ],
      { input: `${PASSWORD}\n` },
    )
    // The server may see the account before the policy that was written with it.
    await expect
      .poll(async () => (await beginUpload()).status, { timeout: 60_000, interval: 1000 })
      .toBe(202)
    await docker('login', '--username', 'alice', '--password', PASSWORD, address)
    const remote = `${address}/slipway/slipway:v1`
    await docker('tag', 'slipway', remote)
    const { Id: id } = await inspect(dockerd.docker, 'image', 'slipway')
    const digest = pushed(await docker('push', remote))
    // Docker has every layer already and would fetch none; skopeo fetches and verifies them all.
    const pulled = join(directory, 'pulled')
    const source = `docker://${address}/slipway/slipway@${digest}`
    const options = ['--quiet', '--src-tls-verify=false', '--src-creds', `alice:${PASSWORD}`]
    await run('skopeo', ['copy', ...options, source, `dir:${pulled}`])
    const manifest = JSON.parse(readFileSync(join(pulled, 'manifest.json'), 'utf8'))
    expect(manifest.config.digest).toBe(id)
    await docker('rmi', remote)
    expect(await docker('pull', remote)).toContain(digest)
    await expect(readRegistry(address, 'slipway/slipway', 'v1')).rejects.toThrow(/401/)
  })

  test('finishes a push under way when it is stopped, within its grace', async () => {
    const headers = await authorize()
    const begun = await beginUpload()
    const location = new URL(begun.headers.get('location') ?? '', `http://${address}`)

    let stopped: Promise<string> | undefined
    const slowly = async function* () {
      yield Buffer.alloc(1000, 1)
      stopped = docker('stop', '--time', '60', 'registry')
      await sleep(3000)
      yield Buffer.alloc(1000, 2)
    }
    const body = ReadableStream.from(slowly())
    const sent = { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit
    expect((await fetch(location, sent)).status).toBe(202)

    const begin = performance.now()
    await stopped
    expect(performance.now() - begin).toBeLessThan(55_000)
    const { State } = await inspect(dockerd.docker, 'container', 'registry')
    expect(State).toMatchObject({ ExitCode: 0, OOMKilled: false })
    await expect(statusOf(`http://${address}/`)).rejects.toThrow()
  })

  test('has what it had when it starts again', async () => {
    await docker('start', 'registry')
    await expect
      .poll(() => statusOf(`http://${address}/`).catch(() => 0), { timeout: 30_000 })
      .toBe(200)
    await docker('pull', `${address}/slipway/slipway:v1`)
  })
})
