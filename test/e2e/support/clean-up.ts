/**
 * A store that real clients have filled goes through clean-ups: what was not deleted is pulled and verified
 * afterwards, by Slipway and by distribution, and what comes free is what was said before, to the byte.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Thing } from '../../../functions/registry/clean-up/thing.ts'
import {
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../functions/registry/media-types.ts'
import {
  blob,
  type Content,
  contentOf,
  descriptorOf,
  LAYER_TYPE,
} from '../../support/hosts/content.ts'
import { run, scratch } from '../../support/live/process.ts'
import {
  type LiveRegistry,
  type RegistryProgram,
  slipway,
  startRegistry,
} from '../../support/live/registry.ts'
import { openChart } from './helm-chart.ts'
import { sourceImage } from './image.ts'

const DAY = 24 * 60 * 60
const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0'
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'

/** Programs that the tests need. */
export const CLEAN_UP_PROGRAMS = ['crane', 'regctl', 'oras', 'helm', 'skopeo', 'docker-registry']

/** All files below a directory. */
const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** What `du --apparent-size` says of the files. */
const bytesIn = (directory: string): number =>
  filesIn(directory).reduce((sum, path) => sum + statSync(path).size, 0)

/** Makes files older. */
const age = (paths: readonly string[], days: number): void => {
  for (const path of paths) {
    const at = statSync(path).mtimeMs / 1000 - days * DAY
    utimesSync(path, at, at)
  }
}

/** Which clients there are. */
export interface CleanUpClients {
  /** Path of cosign; without it, what it would write is written by others. */
  readonly cosign?: string
}

/** Tests on a directory, each of which goes on from the one before. */
export const cleanUpTests = ({ cosign: cosignProgram }: CleanUpClients): void => {
  const files = scratch('clean-up')
  const data = join(files.path, 'data')
  const pool = join(data, 'docker/registry/v2/blobs')
  const store = { directory: data }
  const env = {
    HOME: files.path,
    DOCKER_CONFIG: join(files.path, '.docker'),
    REGCTL_CONFIG: join(files.path, 'regctl.json'),
    COSIGN_PASSWORD: '',
  }
  let registry: LiveRegistry
  /** Bytes of blobs and manifests that must come free: of what nobody else has. */
  let unneeded = 0
  /** What can be pulled, by path: manifests and blobs, whoever names them. */
  let there: Map<string, string>
  let chart: Awaited<ReturnType<typeof openChart>>

  const command =
    (program: string) =>
    (...args: string[]) =>
      run(program, args, { env, cwd: files.path })
  const [crane, regctl, oras, skopeo] = ['crane', 'regctl', 'oras', 'skopeo'].map(command) as [
    ReturnType<typeof command>,
    ReturnType<typeof command>,
    ReturnType<typeof command>,
    ReturnType<typeof command>,
  ]
  const cosign = command(cosignProgram ?? '')
  const at = (name: string): string => `${registry.address}/${name}`

  const send = async (method: string, path: string, body?: Uint8Array, type?: string) => {
    const response = await fetch(`http://${registry.address}/v2/${path}`, {
      method,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      // distribution has indexes only for those who say that they take them.
      headers: {
        Accept: `${OCI_INDEX}, ${OCI_MANIFEST}, ${DOCKER_MANIFEST}`,
        ...(type === undefined ? {} : { 'Content-Type': type }),
      },
    })
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
    return response
  }
  const put = async (name: string, { bytes, sha256 }: Content): Promise<void> => {
    await send('POST', `${name}/blobs/uploads/?digest=${sha256}`, bytes)
  }

  /** What BuildKit's `--cache-to type=registry,mode=max` pushes: an index of blobs, or an image of them. */
  const pushCache = async (name: string, tag: string, asImage: boolean): Promise<void> => {
    const layers = [blob(`${tag} 1`, 100_000), blob(`${tag} 2`, 200_000)]
    const config = contentOf(
      JSON.stringify({
        layers: layers.map(({ sha256 }) => ({ blob: sha256, parent: -1 })),
        records: [{ digest: layers[0]!.sha256, layers: [{ layer: 0 }] }],
      }),
    )
    for (const each of [...layers, config]) await put(name, each)
    const blobs = layers.map((each) => descriptorOf(LAYER_TYPE, each))
    const described = descriptorOf(CACHE_CONFIG, config)
    const manifest = asImage
      ? { schemaVersion: 2, mediaType: OCI_MANIFEST, config: described, layers: blobs }
      : { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...blobs, described] }
    const bytes = Buffer.from(JSON.stringify(manifest))
    await send('PUT', `${name}/manifests/${tag}`, bytes, manifest.mediaType)
  }

  /** Signs an image, in both forms of cosign. */
  const sign = async (image: string): Promise<void> => {
    if (cosignProgram !== undefined) {
      await cosign('generate-key-pair')
      for (const bundle of ['true', 'false']) {
        const form = [`--new-bundle-format=${bundle}`, '--allow-http-registry']
        const quiet = ['--tlog-upload=false', '--use-signing-config=false']
        await cosign('sign', '--key', 'cosign.key', ...form, ...quiet, image)
      }
      return
    }
    const [repository = '', digest = ''] = image.split('@')
    writeFileSync(join(files.path, 'signature.json'), '{"a":"signature"}')
    const tag = `${repository}:${digest.replace(':', '-')}.sig`
    await oras(
      'push',
      '--plain-http',
      tag,
      'signature.json:application/vnd.dev.cosign.simplesigning.v1+json',
    )
    await oras(
      'attach',
      '--plain-http',
      `--artifact-type=${BUNDLE}`,
      image,
      `signature.json:${BUNDLE}`,
    )
  }
  const verify = async (image: string): Promise<void> => {
    if (cosignProgram !== undefined) {
      for (const bundle of ['true', 'false']) {
        const form = [`--new-bundle-format=${bundle}`, '--allow-http-registry']
        await cosign('verify', '--key', 'cosign.pub', ...form, '--insecure-ignore-tlog', image)
      }
      return
    }
    const [repository = '', digest = ''] = image.split('@')
    await oras('pull', '--plain-http', '-o', 'out', `${repository}:${digest.replace(':', '-')}.sig`)
    expect(await discover(image)).toContain(BUNDLE)
  }
  const discover = async (image: string): Promise<string[]> => {
    const printed = await oras('discover', '--plain-http', '--format=json', '--depth=3', image)
    return [...printed.matchAll(/"artifactType": *"([^"]+)"/g)].map(([, type = '']) => type).sort()
  }
  const attach = async (subject: string, type: string, text: string): Promise<string> => {
    writeFileSync(join(files.path, 'attached.json'), text)
    const printed = await oras(
      ...['attach', '--plain-http', `--artifact-type=${type}`, '--format=json', subject],
      'attached.json:application/json',
    )
    return JSON.parse(printed).digest as string
  }
  const digestOf = async (image: string): Promise<string> => (await crane('digest', image)).trim()

  const start = (program: RegistryProgram = 'slipway') =>
    startRegistry(program, store, { flags: ['--gc', 'on'] })

  beforeAll(async () => {
    mkdirSync(data)
    registry = await start()
    await regctl('registry', 'set', '--tls', 'disabled', '--skip-check', registry.address)
    const image = await sourceImage('small')
    await crane('push', image.layout, at('team/oci:v1'))
    const docker = `docker://${at('team/docker:v1')}`
    await skopeo(
      'copy',
      '--dest-tls-verify=false',
      '--format=v2s2',
      `oci:${image.layout}:v1`,
      docker,
    )
    await regctl('image', 'copy', `ocidir://${image.layout}:v1`, at('team/signed:v1'))
    // An index in an index.
    await crane('push', image.layout, at('team/nested:one'))
    await regctl('index', 'create', at('team/nested:inner'), '--ref', at('team/nested:one'))
    await regctl('index', 'create', at('team/nested:outer'), '--ref', at('team/nested:inner'))
    for (const tag of ['one', 'inner']) await regctl('tag', 'delete', at(`team/nested:${tag}`))
    await pushCache('team/cache', 'index', false)
    await pushCache('team/cache', 'image', true)
    await sign(`${at('team/signed')}@${await digestOf(at('team/signed:v1'))}`)
    // What refers to what refers to the image.
    const sbom = await attach(at('team/oci:v1'), 'application/vnd.example.sbom', '{"an":"sbom"}')
    await attach(`${at('team/oci')}@${sbom}`, 'application/vnd.example.of-sbom', '{"of":"it"}')
    const account = { name: 'x', password: 'x' }
    const options = { program: 'helm', megabytes: 2, address: registry.address, account } as const
    mkdirSync(join(files.path, 'helm'))
    chart = await openChart(join(files.path, 'helm'), { ...options, below: 'team' })
    await chart.push()
    // A digest that somebody pins: its tag goes.
    const pinned = blob('pinned', 30_000)
    await put('team/pinned', pinned)
    const artifact = ['--plain-http', '--artifact-type=application/vnd.example.pinned']
    writeFileSync(join(files.path, 'pinned'), pinned.bytes)
    await oras('push', ...artifact, at('team/pinned:v1'), 'pinned:application/octet-stream')
    await regctl('tag', 'delete', at('team/pinned:v1'))
  }, 300_000)
  afterAll(async () => {
    await registry?.close()
    files.remove()
  })

  /** What can be pulled: manifests that are not deleted, and the blobs that they name, as the store has them. */
  const everything = async (): Promise<Map<string, string>> => {
    const repositories = join(data, 'docker/registry/v2/repositories')
    const links = filesIn(repositories).flatMap((path) => {
      const [, name = '', kind, hex] =
        /^(.+)\/_(layers|manifests\/revisions)\/sha256\/([0-9a-f]{64})\/link$/.exec(
          path.slice(repositories.length + 1),
        ) ?? []
      // A condemned or deleted link is longer.
      const isPlain = statSync(path).size === 'sha256:'.length + 64
      return hex && isPlain ? [{ name, isBlob: kind === 'layers', hex }] : []
    })
    const manifests = links.filter(({ isBlob }) => !isBlob)
    const texts = manifests.map(({ name, hex }) => ({
      name,
      text: readFileSync(join(pool, 'sha256', hex.slice(0, 2), hex, 'data'), 'utf8'),
    }))
    const needed = links.filter(
      ({ name, isBlob, hex }) =>
        isBlob && texts.some((each) => each.name === name && each.text.includes(hex)),
    )
    return new Map(
      [...manifests, ...needed].map(({ name, isBlob, hex }) => [
        `${name}/${isBlob ? 'blobs' : 'manifests'}/sha256:${hex}`,
        `sha256:${hex}`,
      ]),
    )
  }

  test('some of it is deleted', async () => {
    const before = bytesIn(pool)
    // An image of its own, with what is attached to it; and a layer of a push that never ended.
    const gone = join(files.path, 'gone')
    writeFileSync(gone, blob('gone', 400_000).bytes)
    await oras('push', '--plain-http', at('team/gone:v1'), 'gone:application/octet-stream')
    await attach(at('team/gone:v1'), 'application/vnd.example.sbom', '{"of":"what goes"}')
    const left = blob('left', 50_000)
    await put('team/oci', left)
    const attached = await attach(
      at('team/docker:v1'),
      'application/vnd.example.old',
      '{"an":"old"}',
    )
    for (const { digest } of JSON.parse(
      await (await send('GET', `team/gone/referrers/${await digestOf(at('team/gone:v1'))}`)).text(),
    ).manifests)
      await send('DELETE', `team/gone/manifests/${digest}`)
    await crane('delete', `${at('team/gone')}@${await digestOf(at('team/gone:v1'))}`)
    await crane('delete', `${at('team/docker')}@${attached}`)
    unneeded = bytesIn(pool) - before
    there = await everything()
    expect(unneeded).toBeGreaterThan(450_000)
    await registry.close()
  })

  test('each dry run says what comes free, and du agrees; in the end it is all of that', async () => {
    const initial = bytesIn(pool)
    const gc = async (...flags: string[]): Promise<Thing[]> => {
      const printed = await slipway('gc', store, ['--json', '--force', ...flags])
      return printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    }
    const steps: string[][] = []
    for (let round = 0; round < 8; round += 1) {
      // Not the bytes themselves, once they are old: those that were condemned would then be others.
      age(round === 0 ? filesIn(data) : filesIn(data).filter((path) => !path.startsWith(pool)), 20)
      const told = (await gc()).filter(({ step }) => step !== undefined)
      if (told.length === 0) break
      const before = bytesIn(pool)
      const done = (await gc('--run')).filter(({ step }) => step !== undefined)
      const sorted = (things: readonly Thing[]) =>
        things.map(({ step, key, size }) => `${step} ${key} ${size}`).sort()
      expect(sorted(done)).toEqual(sorted(told))
      const free = told
        .filter(({ step }) => step === 'remove-data')
        .reduce((sum, { size = 0 }) => sum + size, 0)
      expect(before - bytesIn(pool)).toBe(free)
      steps.push([...new Set(told.map(({ step }) => step))].sort())
    }
    expect(initial - bytesIn(pool)).toBe(unneeded)
    expect(steps.flat()).toEqual(expect.arrayContaining(['remove-link', 'remove-data']))
  }, 200_000)

  for (const program of ['slipway', 'distribution'] as const) {
    test(`${program} has all the rest, byte for byte`, async () => {
      registry = await start(program)
      try {
        expect(there.size).toBeGreaterThan(30)
        for (const [path, digest] of there) {
          const bytes = Buffer.from(await (await send('GET', path)).arrayBuffer())
          expect([path, contentOf(bytes).sha256]).toEqual([path, digest])
        }
        const image = await sourceImage('small')
        for (const name of ['team/oci:v1', 'team/signed:v1'])
          expect(await digestOf(at(name))).toBe(image.manifest)
      } finally {
        if (program === 'distribution') await registry.close()
      }
    })
    if (program === 'slipway') {
      test('clients pull and verify', async () => {
        for (const name of ['oci', 'docker', 'signed']) {
          await crane('pull', '--format=oci', at(`team/${name}:v1`), join(files.path, `p-${name}`))
          await crane('validate', '--remote', at(`team/${name}:v1`))
        }
        await regctl('registry', 'set', '--tls', 'disabled', '--skip-check', registry.address)
        await regctl('image', 'copy', at('team/nested:outer'), `ocidir://${files.path}/nested:v1`)
        await crane('validate', '--remote', at('team/nested:outer'))
        await verify(`${at('team/signed')}@${await digestOf(at('team/signed:v1'))}`)
        expect(await discover(at('team/oci:v1'))).toEqual([
          'application/vnd.example.of-sbom',
          'application/vnd.example.sbom',
        ])
        expect(await discover(at('team/docker:v1'))).toEqual([])
        expect(await chart.pulls(registry.address)).toBe(true)
        const response = await fetch(
          `http://${at('').replace(/\/$/, '')}/v2/team/gone/manifests/v1`,
        )
        expect(response.status).toBe(404)
        expect(
          readFileSync(join(files.path, 'helm/pulled/chart-1.0.0.tgz')).length,
        ).toBeGreaterThan(0)
        await registry.close()
      })
    }
  }
}
