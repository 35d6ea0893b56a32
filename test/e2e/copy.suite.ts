/**
 * `slipway copy`, `export` and `import`, between Slipway on files, Slipway on S3 and Debian's docker-registry. What came is
 * read by skopeo, crane, regctl and docker, which judge whether the copies are equal.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeLayout } from '../interop/oci-layout.ts'
import { cleanEnvironment, projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { startLiveS3 } from '../support/live/s3.ts'
import { until } from '../support/until.ts'
import { startDockerd } from './support/daemons.ts'

const files = scratch('copy')
const at = (name: string): string => join(files.path, name)
const home = at('home')
mkdirSync(home)
const env = { HOME: home, REGCTL_CONFIG: join(home, 'regctl.json') }
const closers: (() => Promise<unknown>)[] = [async () => files.remove()]

const begin = (args: readonly string[]) =>
  spawn(process.execPath, ['functions/handlers/cli.ts', ...args], {
    cwd: projectRoot,
    env: { ...cleanEnvironment(), HOME: home, TMPDIR: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

/** Runs a command. @returns how it ended, and what it printed and said */
const slipway = async (...args: readonly string[]) => {
  const child = begin(args)
  const ended = once(child, 'exit') as Promise<[number]>
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: (await ended)[0], printed, said }
}
const done = async (...args: readonly string[]): Promise<string> => {
  const { code, printed, said } = await slipway(...args)
  expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' })
  return printed
}

const regctl = (...args: readonly string[]) => run('regctl', args, { env, cwd: files.path })
const crane = (...args: readonly string[]) => run('crane', args, { env })
const skopeoRaw = (image: string) =>
  run('skopeo', ['inspect', '--raw', '--tls-verify=false', image], { env })

/** Has skopeo pull all of an image, which compares each digest. */
const pulled = async (image: string): Promise<void> => {
  const to = at(`pulled-${randomUUID()}`)
  const words = ['--insecure-policy', 'copy', '--all', '--src-tls-verify=false']
  await run('skopeo', [...words, `docker://${image}`, `dir:${to}`], { env })
  rmSync(to, { recursive: true })
}

let own: LiveRegistry
let onS3: LiveRegistry
let debian: LiveRegistry
beforeAll(async () => {
  own = await startRegistry('slipway', { directory: at('own') })
  closers.push(() => own.close())
  const s3 = await startLiveS3('versitygw')
  closers.push(() => s3.close())
  onS3 = await startRegistry('slipway', s3, { redirects: true })
  closers.push(() => onS3.close())
  debian = await startRegistry('distribution', { directory: at('debian') })
  closers.push(() => debian.close())
  for (const { address } of [own, onS3, debian]) {
    await regctl('registry', 'set', '--tls', 'disabled', address)
  }
  await writeLayout(at('layout'), ['amd64', 'arm64'], [3_000_000, 20_000])
  const address = `${debian.address}/src/app`
  await regctl('image', 'copy', 'ocidir://layout:v1', `${address}:v1`)
  writeFileSync(at('sbom.json'), '{"kind":"sbom"}')
  await regctl(
    ...['artifact', 'put', '--artifact-type', 'application/vnd.example.sbom'],
    ...['--file', 'sbom.json', '--file-media-type', 'application/json', '--subject'],
    `${address}:v1`,
  )
  await crane('tag', `${address}:v1`, 'v2')
}, 300_000)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** What refers to an image, as regctl finds it. */
const referrersOf = async (image: string): Promise<readonly string[]> => {
  const { manifests } = JSON.parse(await regctl('artifact', 'list', image, '--format=body'))
  return manifests.map(({ digest }: { readonly digest: string }) => digest).toSorted()
}

/** Compares two repositories by what others read there. */
const expectEqual = async (one: string, other: string): Promise<void> => {
  for (const tag of ['v1', 'v2']) {
    const [from, to] = [`${one}:${tag}`, `${other}:${tag}`]
    expect(await skopeoRaw(`docker://${to}`)).toBe(await skopeoRaw(`docker://${from}`))
    expect(await crane('digest', to)).toBe(await crane('digest', from))
    await pulled(to)
    expect(await referrersOf(to)).toEqual(await referrersOf(from))
  }
  expect(await referrersOf(`${other}:v1`)).toHaveLength(1)
}

describe('copies are equal', () => {
  const source = () => `${debian.address}/src/app`
  test.each([
    ['to Slipway on files', () => own],
    ['to Slipway on S3', () => onS3],
    ['to docker-registry', () => debian],
  ])('%s', async (_, registry) => {
    const target = `${registry().address}/copied/app`
    await done('copy', source(), target, '--all-tags', '--referrers')
    await expectEqual(source(), target)
    const again = await done('copy', source(), target, '--all-tags', '--referrers', '--json')
    const last = JSON.parse(again.trim().split('\n').at(-1)!)
    expect(last).toMatchObject({ event: 'done', sent: 0, mounted: 0 })
  })

  test('from S3, by redirects, and on to docker-registry', async () => {
    const target = `${debian.address}/from/s3`
    await done('copy', `${onS3.address}/copied/app`, target, '--all-tags', '--referrers')
    await expectEqual(source(), target)
  })

  test('one platform, as crane copies it', async () => {
    const target = `${own.address}/one/app`
    const platform = ['--platform', 'linux/arm64']
    await done('copy', `${source()}:v1`, `${target}:ours`, ...platform)
    await crane('copy', ...platform, `${source()}:v1`, `${target}:theirs`)
    expect(await crane('digest', `${target}:ours`)).toBe(await crane('digest', `${target}:theirs`))
  })
})

describe.each([
  ['a directory', 'exported'],
  ['an archive', 'exported.tar'],
])('%s', (_, name) => {
  test('is read by skopeo and regctl, and imported as it was', async () => {
    const source = `${debian.address}/src/app`
    const path = at(name)
    await done('export', 'src/app', path, '--registry', `http://${debian.address}`)
    const raw = await skopeoRaw(`${name.endsWith('.tar') ? 'oci-archive' : 'oci'}:${path}:v1`)
    expect(raw).toBe(await skopeoRaw(`docker://${source}:v1`))
    if (!name.endsWith('.tar')) {
      expect(await referrersOf(`ocidir://${name}:v1`)).toEqual(await referrersOf(`${source}:v1`))
    }
    const repository = `imported/${name}`
    await done('import', path, repository, '--registry', `http://${own.address}`)
    await expectEqual(source, `${own.address}/${repository}`)
    await done('import', path, 'straight/in', `--store=file:${at('own')}`)
    await expectEqual(source, `${own.address}/straight/in`)
  })
})

test('docker load reads an archive, and docker save is imported', async () => {
  const daemon = await startDockerd(files.path, 'dockerd')
  closers.push(() => daemon.stop())
  const path = at('load.tar')
  await done('export', 'src/app:v1', path, '--registry', `http://${debian.address}`)
  expect(await daemon.docker('load', '--input', path)).toMatch(/Loaded image: src\/app:v1/)
  const saved = at('saved.tar')
  await daemon.docker('save', '--output', saved, 'src/app:v1')
  await done('import', saved, '--registry', `http://${own.address}`)
  await pulled(`${own.address}/src/app:v1`)
}, 120_000)

describe('stopped by Ctrl-C, and begun again', () => {
  test.each([
    ['a directory', 'stopped'],
    ['an archive', 'stopped.tar'],
  ])('%s', async (_, name) => {
    await writeLayout(at(`large-${name}`), ['amd64'], [1_000_000, 60_000_000, 80_000_000])
    await regctl('image', 'copy', `ocidir://large-${name}:v1`, `${own.address}/large/${name}:v1`)
    const path = at(name)
    const words = ['export', `large/${name}:v1`, path, `--store=file:${at('own')}`]
    const child = begin(words)
    const exit = once(child, 'exit')
    const written = (): boolean => {
      if (name.endsWith('.tar')) {
        return existsSync(`${path}.partial`) && statSync(`${path}.partial`).size > 2_000_000
      }
      return existsSync(path) && readdirSync(path).some((each) => each.startsWith('.slipway-'))
    }
    await until(() => written() || child.exitCode !== null)
    child.kill('SIGINT')
    const [code] = await exit
    // It may have been faster than the signal.
    expect([0, 130]).toContain(code)
    if (code === 130) {
      expect(existsSync(name.endsWith('.tar') ? path : join(path, 'index.json'))).toBe(false)
      expect(readdirSync(files.path).filter((each) => each.startsWith('.slipway-'))).toEqual([])
    }
    await done(...words)
    await done('import', path, `again/${name}`, '--registry', `http://${debian.address}`)
    await pulled(`${debian.address}/again/${name}:v1`)
  })
})

test('a full disk is said, and the export goes on when there is room', async (t) => {
  const path = at('small')
  mkdirSync(path)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', path])
  t.onTestFinished(() => void run('umount', [path]).catch(() => {}))
  const words = ['export', 'src/app:v1', join(path, 'app.tar')]
  const from = ['--registry', `http://${debian.address}`]
  const { code, said } = await slipway(...words, ...from)
  expect(code).toBe(1)
  expect(said).toMatch(/there is no room for .*app\.tar: make some, and run the same command again/)
  expect(readdirSync(path)).toEqual(['app.tar.partial'])
  await run('mount', ['-o', 'remount,size=20m', path])
  await done(...words, ...from)
  expect(readdirSync(path)).toEqual(['app.tar'])
}, 60_000)
