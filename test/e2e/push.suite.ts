/**
 * `slipway push`, from all that it reads, to Slipway on S3 (parts), Slipway on files and Debian's
 * docker-registry (which know no parts). What came is read back by crane.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment, projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { startLiveS3 } from '../support/live/s3.ts'
import { load, startDockerd } from './support/daemons.ts'
import { identity, readRegistry, type SourceImage, sourceImage } from './support/image.ts'

const files = scratch('push')
const home = join(files.path, 'home')
mkdirSync(home)

/** Runs `slipway push`. @returns what it printed, a line each */
const push = async (
  args: readonly string[],
  { input, env = {} }: { readonly input?: string; readonly env?: Record<string, string> } = {},
): Promise<string[]> => {
  const child = spawn(process.execPath, ['functions/handlers/cli.ts', 'push', ...args], {
    cwd: projectRoot,
    env: { ...cleanEnvironment(), HOME: home, XDG_CACHE_HOME: join(home, '.cache'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  if (input === undefined) child.stdin.end()
  else createReadStream(input).pipe(child.stdin)
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  assert.equal(child.exitCode, 0, said)
  return printed.split('\n').filter((line) => line !== '')
}

const waysIn = (printed: readonly string[]): string[] =>
  printed.map((line) => JSON.parse(line).way).filter((way) => way !== undefined)

let image: SourceImage
let small: SourceImage
const closers: (() => Promise<void>)[] = [async () => files.remove()]
beforeAll(async () => {
  image = await sourceImage('heavy')
  small = await sourceImage('small')
}, 900_000)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const bySource = (address: () => string, image: () => SourceImage, ways: RegExp): void => {
  test('a layout comes as it is, and is not sent again', async () => {
    const to = `${address()}/push/layout`
    const printed = await push(['--json', image().layout, `${to}:v1`])
    expect(waysIn(printed).join()).toMatch(ways)
    assert.deepEqual(await readRegistry(address(), 'push/layout', 'v1'), identity(image()))
    await run('crane', ['validate', '--remote', `${to}:v1`])
    const again = await push(['--json', image().layout, `${to}:v2`])
    expect(new Set(waysIn(again))).toEqual(new Set(['there']))
  })

  test('an archive of a layout, in a pipe', async () => {
    await push(['-', `${address()}/push/pipe:v1`], { input: image().ociArchive })
    assert.deepEqual(await readRegistry(address(), 'push/pipe', 'v1'), identity(image()))
  })

  test('an archive of docker save: layers are compressed, the same each time', async () => {
    const to = `${address()}/push/archive`
    await push([image().dockerArchive, `${to}:v1`])
    const first = await readRegistry(address(), 'push/archive', 'v1')
    expect(first.diffIds).toEqual(image().diffIds)
    await run('crane', ['validate', '--remote', `${to}:v1`])
    const again = await push(['--json', image().dockerArchive, `${to}:v2`])
    expect(new Set(waysIn(again))).toEqual(new Set(['there']))
  })
}

const setups: Readonly<Record<string, readonly [open: () => Promise<LiveRegistry>, RegExp]>> = {
  'Slipway on S3': [
    async () => {
      const s3 = await startLiveS3('versitygw')
      closers.push(s3.close)
      return startRegistry('slipway', s3, { redirects: true })
    },
    /parts/,
  ],
  'Slipway on files': [
    () => startRegistry('slipway', { directory: join(files.path, 'files') }),
    /^(?:whole,?)+$/,
  ],
  'docker-registry': [
    () => startRegistry('distribution', { directory: join(files.path, 'distribution') }),
    /^(?:whole,?)+$/,
  ],
}

for (const [name, [open, ways]] of Object.entries(setups)) {
  describe(name, () => {
    let registry: LiveRegistry
    beforeAll(async () => {
      registry = await open()
      closers.push(registry.close)
    })
    const onS3 = name === 'Slipway on S3'
    bySource(
      () => registry.address,
      () => (onS3 ? image : small),
      ways,
    )

    if (!onS3) return
    test('an image of a docker daemon', async () => {
      const daemon = await startDockerd(files.path, 'dockerd')
      try {
        await load(daemon.docker, image, 'saved:v1')
        const env = { DOCKER_HOST: `unix://${daemon.socket}` }
        await push(['saved:v1', `${registry.address}/push/daemon`], { env })
        const { diffIds } = await readRegistry(registry.address, 'push/daemon', 'v1')
        expect(diffIds).toEqual(image.diffIds)
      } finally {
        await daemon.stop()
      }
    })

    test.each(['docker-archive', 'oci-archive'])('what podman saves as %s', async (format) => {
      const place = join(files.path, `podman-${format}`)
      const podman = (...args: string[]) =>
        run('podman', ['--root', `${place}/root`, '--runroot', `${place}/run`, ...args])
      const vfs = ['--storage-driver', 'vfs']
      await podman(...vfs, 'load', '--input', small.dockerArchive)
      const saved = join(files.path, `${format}.tar`)
      const name = `slipway.test/${small.name}:v1`
      await podman(...vfs, 'save', '--format', format, '--output', saved, name)
      await push(['-', `${registry.address}/push/${format}:v1`], { input: saved })
      const { diffIds } = await readRegistry(registry.address, `push/${format}`, 'v1')
      expect(diffIds).toEqual(small.diffIds)
    })

    test('blobs are mounted from another repository', async () => {
      const args = ['--json', '--mount-from', 'push/layout', image.layout]
      const printed = await push([...args, `${registry.address}/push/mounted:v1`])
      expect(new Set(waysIn(printed))).toEqual(new Set(['mounted']))
    })
  })
}

test('credentials are those of docker, by a helper, too', async () => {
  const store = { directory: join(files.path, 'accounts') }
  await run(
    process.execPath,
    ['functions/handlers/cli.ts', 'user', 'add', 'alice', '--password-stdin'],
    {
      cwd: projectRoot,
      env: { SLIPWAY_STORE: `file:${store.directory}` },
      input: 'right horse',
    },
  )
  const registry = await startRegistry('slipway', store, { env: { SLIPWAY_AUTH: 'token' } })
  closers.push(registry.close)
  const bin = join(files.path, 'bin')
  const config = join(files.path, 'docker')
  for (const directory of [bin, config]) mkdirSync(directory)
  const secret = JSON.stringify({ Username: 'alice', Secret: 'right horse' })
  writeFileSync(join(bin, 'docker-credential-test'), `#!/bin/sh\nread host\necho '${secret}'\n`, {
    mode: 0o755,
  })
  const env = { DOCKER_CONFIG: config, PATH: `${bin}:${process.env.PATH}` }
  const to = `${registry.address}/push/private:v1`
  await expect(push([small.layout, to], { env })).rejects.toThrow(/40[13]/)
  for (const content of [
    { credHelpers: { [registry.address]: 'test' } },
    { auths: { [registry.address]: { auth: btoa('alice:right horse') } } },
  ]) {
    writeFileSync(join(config, 'config.json'), JSON.stringify(content))
    await push([small.layout, to], { env })
  }
})
