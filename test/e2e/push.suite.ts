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
import { cleanEnvironment, freePort, projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { startLiveS3 } from '../support/live/s3.ts'
import { load, startDocker29, startDockerd } from './support/daemons.ts'
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
      const port = await freePort()
      const daemon = await startDockerd(files.path, 'dockerd', 'vfs', port)
      try {
        await load(daemon.docker, image, 'saved:v1')
        for (const [name, host] of [
          ['unix', `unix://${daemon.socket}`],
          ['tcp', `tcp://127.0.0.1:${port}`],
        ] as const) {
          const env = { DOCKER_HOST: host }
          await push(['saved:v1', `${registry.address}/push/by-${name}`], { env })
          const { diffIds } = await readRegistry(registry.address, `push/by-${name}`, 'v1')
          expect(diffIds).toEqual(image.diffIds)
        }
      } finally {
        await daemon.stop()
      }
    })

    test('an image of Docker Engine 29, whose archives are layouts', async () => {
      const daemon = await startDocker29(files.path, 'docker29')
      try {
        await load(daemon.docker, image, 'saved:v29')
        const env = { DOCKER_HOST: `unix://${daemon.socket}` }
        await push(['saved:v29', `${registry.address}/push/docker29`], { env })
        const { diffIds } = await readRegistry(registry.address, 'push/docker29', 'v29')
        expect(diffIds).toEqual(image.diffIds)
        const saved = join(files.path, 'docker29.tar')
        await daemon.docker('save', '--output', saved, 'saved:v29')
        const names = await run('tar', ['--list', '--file', saved])
        expect(names).toMatch(/^oci-layout$/m)
        const printed = await push(['--json', saved, `${registry.address}/push/docker29-saved`])
        expect(waysIn(printed)).not.toContain('there')
        const read = await readRegistry(registry.address, 'push/docker29-saved', 'v29')
        expect(read.diffIds).toEqual(image.diffIds)
      } finally {
        await daemon.stop()
      }
    })

    test.each(['ociArchive', 'dockerArchive'] as const)('a gzipped %s, in a pipe', async (kind) => {
      const packed = join(files.path, `${kind}.tar.gz`)
      await run('sh', ['-c', 'gzip -1 <"$1" >"$2"', 'sh', image[kind], packed])
      const name = `push/gzip-${kind.toLowerCase()}`
      await push(['-', `${registry.address}/${name}:v1`], { input: packed })
      expect((await readRegistry(registry.address, name, 'v1')).diffIds).toEqual(image.diffIds)
      await push([packed, `${registry.address}/${name}:v2`])
      const [one, two] = await Promise.all(
        ['v1', 'v2'].map((tag) => run('crane', ['digest', `${registry.address}/${name}:${tag}`])),
      )
      expect(two).toBe(one)
    })

    test('an index, as buildah makes it, with all its platforms', async () => {
      const place = join(files.path, 'buildah')
      const store = ['--root', join(place, 'root'), '--runroot', join(place, 'run')]
      const buildah = (...args: string[]) =>
        run('buildah', [...store, '--storage-driver', 'vfs', ...args], { env: { HOME: place } })
      await buildah('manifest', 'create', 'many')
      for (const [source, architecture] of [
        [image, 'amd64'],
        [small, 'arm64'],
      ] as const) {
        const id = (await buildah('pull', '--quiet', `oci-archive:${source.ociArchive}`)).trim()
        await buildah('manifest', 'add', '--arch', architecture, '--os', 'linux', 'many', id)
      }
      const layout = join(place, 'layout')
      await buildah('manifest', 'push', '--all', 'many', `oci:${layout}:v1`)
      const to = `${registry.address}/push/index`
      await push([layout, to])
      const { manifests } = JSON.parse(await run('crane', ['manifest', `${to}:v1`]))
      expect(manifests).toHaveLength(2)
      const diffIds = await Promise.all(
        manifests.map(async ({ digest }: { digest: string }) => {
          await run('crane', ['validate', '--remote', `${to}@${digest}`])
          return (await readRegistry(registry.address, 'push/index', digest)).diffIds
        }),
      )
      expect(diffIds).toEqual([image.diffIds, small.diffIds])
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
