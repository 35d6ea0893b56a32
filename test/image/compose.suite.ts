/**
 * compose.yaml: its configuration is valid, and the commands that it names do what they say.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type Dockerd, load, startDockerd } from '../e2e/support/daemons.ts'
import { sourceImage } from '../e2e/support/image.ts'
import { freePort, projectRoot, run, scratch } from '../support/live/process.ts'
import { ALICE, BASE, inspect, PASSWORD, statusOf } from './support.ts'

const FILE = join(projectRoot, 'compose.yaml')

/** The commands in the comment at the top, without the log-in, which asks for a password. */
const commands = readFileSync(FILE, 'utf8')
  .split('\n')
  .flatMap((line) => line.match(/^#\s{3}docker compose (.*)$/)?.[1] ?? [])

describe('compose.yaml', () => {
  const { path: directory, remove } = scratch('compose')
  const file = join(directory, 'compose.yaml')
  let dockerd: Dockerd
  let address = ''

  const compose = (args: readonly string[], input?: string) =>
    run('docker-compose', ['--file', file, '--project-name', 'slipway', ...args], {
      env: { DOCKER_HOST: `unix://${dockerd.socket}`, DOCKER_BUILDKIT: '0' },
      timeout: 900_000,
      ...(input === undefined ? {} : { input }),
    })

  beforeAll(async () => {
    await run('npm', ['run', 'build'], { cwd: projectRoot })
    dockerd = await startDockerd(directory, 'dockerd', 'auto')
    await load(dockerd.docker, await sourceImage('base'), BASE)
    const port = await freePort()
    address = `127.0.0.1:${port}`
    // Containers have no network of their own here, and the default base cannot be pulled.
    const { services, ...rest } = parse(readFileSync(FILE, 'utf8'))
    const { ports, build, ...service } = services.slipway
    expect({ ports, build }).toEqual({ ports: ['127.0.0.1:5000:5000'], build: '.' })
    const adapted = {
      ...service,
      build: { context: projectRoot, network: 'none', args: { BASE } },
      network_mode: 'host',
      environment: { SLIPWAY_LISTEN: address },
    }
    writeFileSync(file, stringify({ services: { slipway: adapted }, ...rest }))
  }, 900_000)

  afterAll(async () => {
    await compose(['down', '--volumes']).catch(() => undefined)
    await dockerd.stop()
    remove()
  })

  test('is valid as it stands', async () => {
    const printed = await run('docker-compose', ['--file', FILE, 'config'])
    expect(parse(printed).services.slipway).toMatchObject({
      cap_drop: ['ALL'],
      read_only: true,
      stop_grace_period: expect.stringMatching(/^1m(?:0s)?$/),
    })
  })

  test('names the commands that are run here', () => {
    expect(commands).toEqual(['up --build --detach --wait', 'exec slipway slipway user add alice'])
  })

  test('its commands bring up a registry that lets in the account they add', {
    timeout: 900_000,
  }, async () => {
    // Debian's version of the program cannot wait.
    await compose(['up', '--build', '--detach'])
    await expect
      .poll(() => statusOf(`http://${address}/v2/`).catch(() => 0), {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(401)
    await compose(
      ['exec', '-T', 'slipway', 'slipway', 'user', 'add', 'alice', '--password-stdin'],
      `${PASSWORD}\n`,
    )
    const token = () =>
      fetch(`http://${address}/token?service=slipway`, { headers: { authorization: ALICE } })
    await expect
      .poll(async () => (await token()).status, { timeout: 60_000, interval: 1000 })
      .toBe(200)
  })

  test('stops within its grace', async () => {
    const id = (await compose(['ps', '-q', 'slipway'])).trim()
    await compose(['stop'])
    expect((await inspect(dockerd.docker, 'container', id)).State.ExitCode).toBe(0)
  })
})
