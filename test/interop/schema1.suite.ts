/**
 * Schema 1, beside Debian's `docker-registry` 2.8.2 and the code of distribution 2.8.3 and libtrust; with skopeo and docker.
 *
 * @module
 */

import { createHash, generateKeyPairSync, randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { DOCKER_MANIFEST, SCHEMA1 } from '../../functions/registry/media-types.ts'
import { convert } from '../../functions/schema1/convert.ts'
import { signed } from '../../functions/schema1/sign.ts'
import { readSigned } from '../../functions/schema1/signed.ts'
import { verify } from '../../functions/schema1/verify.ts'
import { type Dockerd, startDockerd } from '../e2e/support/daemons.ts'
import { run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'

const directory = scratch('schema1')
const at = (name: string): string => join(directory.path, name)
const OLD = SCHEMA1.join(', ')

let ours: LiveRegistry
let theirs: LiveRegistry
let dockerd: Dockerd

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** What distribution and libtrust say. */
const tool = (args: readonly string[], input: string | Uint8Array): Promise<string> => {
  const file = at(`input-${randomInt(1e9)}`)
  writeFileSync(file, input)
  return run('sh', ['-c', 'file=$1; shift; exec schema1-tool "$@" <"$file"', 'sh', file, ...args])
}

const ask = async (
  { address }: LiveRegistry,
  path: string,
  options: RequestInit = {},
): Promise<Response> => {
  const response = await fetch(new URL(path, `http://${address}`), options)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response
}

const pushBlob = async (registry: LiveRegistry, name: string, bytes: Buffer): Promise<void> => {
  const begun = await ask(registry, `/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const url = new URL(begun.headers.get('Location') ?? '', `http://${registry.address}`)
  url.searchParams.set('digest', sha256(bytes))
  await ask(registry, url.href, { method: 'PUT', body: new Uint8Array(bytes) })
}

/** A layer with a file, as docker makes it. */
const layer = async (text: string): Promise<{ tar: Buffer; bytes: Buffer }> => {
  writeFileSync(at('file'), text)
  await run('tar', ['--create', '--file', at('layer.tar'), '--directory', directory.path, 'file'])
  const tar = readFileSync(at('layer.tar'))
  return { tar, bytes: gzipSync(tar) }
}

const layers: { tar: Buffer; bytes: Buffer }[] = []
let config: Buffer

/** Pushes an image of schema 2, with steps that change no files. */
const pushImage = async (registry: LiveRegistry, name: string): Promise<void> => {
  for (const each of [config, ...layers.map(({ bytes }) => bytes)])
    await pushBlob(registry, name, each)
  const manifest = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: sha256(config),
    },
    layers: layers.map(({ bytes }) => ({
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      size: bytes.length,
      digest: sha256(bytes),
    })),
  }
  await ask(registry, `/v2/${name}/manifests/v1`, {
    method: 'PUT',
    body: JSON.stringify(manifest),
    headers: { 'Content-Type': DOCKER_MANIFEST },
  })
}

beforeAll(async () => {
  for (const text of ['one', 'two']) layers.push(await layer(text))
  config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/usr/bin:/bin', 'A=<&>'], Cmd: ['/file'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => sha256(tar)) },
      history: [
        { created: '2020-01-02T03:04:05.120Z', created_by: 'ADD one /' },
        { created: '2020-01-02T03:04:05Z', created_by: 'ENV A=<&>', empty_layer: true },
        { created: '2020-01-02T03:04:06Z', created_by: 'ADD two /', author: 'somebody' },
      ],
    }),
  )
  // On one directory.
  const store = { directory: at('store') }
  mkdirSync(store.directory)
  ours = await startRegistry('slipway', store, { flags: ['--auth', 'off', '--schema1', 'on'] })
  theirs = await startRegistry('distribution', store, { schema1: true })
  dockerd = await startDockerd(directory.path, 'docker')
})

afterAll(async () => {
  await dockerd?.stop()
  await ours?.close()
  await theirs?.close()
  directory.remove()
})

const pick = <T>(...values: readonly T[]): T => values[randomInt(values.length)] as T

const text = (): string =>
  Array.from({ length: randomInt(8) }, () =>
    pick(
      'a',
      '<',
      '>',
      '&',
      '"',
      '\\',
      '\n',
      '\t',
      '\u2028',
      'é',
      '😀',
      '\u007f',
      '\u0001',
      '\ud800',
    ),
  ).join('')

const time = (): string | undefined =>
  pick(
    '2020-01-02T03:04:05Z',
    '2020-01-02T03:04:05.120000Z',
    '2020-02-29T23:59:59.123456789123+01:00',
    '2021-12-31T00:00:00+00:00',
    undefined,
  )

/** A configuration with what Go and JavaScript may write differently. */
const randomImage = () => {
  const history = Array.from({ length: 1 + randomInt(5) }, () => ({
    created: time(),
    author: pick(undefined, text()),
    created_by: pick(undefined, text()),
    comment: pick(undefined, text()),
    empty_layer: pick(true, false, undefined),
  }))
  const digests = history
    .filter((each) => !each.empty_layer)
    .map((_, index) => sha256(Buffer.from(`${index} ${randomInt(1e9)}`)))
  const number = pick('1e+21', '1.50', '12345678901234567890', '-0')
  const json = JSON.stringify(
    {
      architecture: pick('amd64', '<&>', undefined),
      os: 'linux',
      config: { Env: [text()], Labels: { [text()]: text() }, n: 'NUMBER' },
      [text()]: pick<unknown>(null, [1, {}], text()),
      rootfs: {
        type: 'layers',
        diff_ids: digests,
        base_layer: pick(undefined, undefined, 'C:\\x'),
      },
      history,
      id: pick(undefined, 'x'),
    },
    null,
    pick<number | string>(0, 2, '\t'),
  )
  return { config: Buffer.from(json.replace('"NUMBER"', number)), layers: digests }
}

test('conversions are those of distribution, to the byte', async () => {
  for (let round = 0; round < 100; round++) {
    const image = { name: 'library/app', tag: 'v1.0', ...randomImage() }
    const expected = await tool(['convert', image.name, image.tag, ...image.layers], image.config)
    expect(convert(image)).toBe(expected)
  }
})

describe('signatures', () => {
  const payload = () => convert({ name: 'app', tag: 'v1', ...randomImage() })

  test('ours hold for libtrust', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    for (const each of [payload(), '{"schemaVersion":1,"name":"app"}']) {
      expect(await tool(['verify'], await signed(each, localSigner(key), Date.now()))).toBe(each)
    }
  })

  test.each(['sign', 'sign-384', 'sign-rsa'])('libtrust’s hold for us: %s', async (command) => {
    const each = payload()
    const manifest = await readSigned(Buffer.from(await tool([command], each)))
    await verify(manifest, { roots: undefined, now: Date.now() })
    expect(Buffer.from(manifest.payload).toString()).toBe(each)
  })
})

test('an image has the same digest in schema 1 from both', async () => {
  await pushImage(ours, 'library/app')
  const accept = { headers: { Accept: OLD } }
  const [one, two] = await Promise.all(
    [ours, theirs].map((each) => ask(each, '/v2/library/app/manifests/v1', accept)),
  )
  const digest = one?.headers.get('Docker-Content-Digest')
  expect(digest).toMatch(/^sha256:/)
  expect(two?.headers.get('Docker-Content-Digest')).toBe(digest)
  expect(two?.headers.get('Content-Type')).toBe(one?.headers.get('Content-Type'))
  const [ownPayload, theirPayload] = await Promise.all(
    [one, two].map(async (each) => tool(['verify'], (await each?.text()) ?? '')),
  )
  expect(ownPayload).toBe(theirPayload)
  expect(sha256(Buffer.from(ownPayload ?? ''))).toBe(digest)
})

const skopeo = (...args: string[]): Promise<string> =>
  run('skopeo', ['--insecure-policy', '--override-os=linux', '--override-arch=amd64', ...args])

describe.each([
  ['Slipway', () => ours],
  ['distribution', () => theirs],
])('what skopeo pushes to %s in schema 1', (program, to) => {
  const name = `old/${program.toLowerCase()}`

  test('is there', async () => {
    const from = `docker://${ours.address}/library/app:v1`
    const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--format', 'v2s1']
    await skopeo('copy', ...flags, from, `docker://${to().address}/${name}:v1`)
    const response = await ask(ours, `/v2/${name}/manifests/v1`)
    expect(response.headers.get('Content-Type')).toBe(SCHEMA1[1])
    const digest = response.headers.get('Docker-Content-Digest')
    expect(sha256(Buffer.from(await tool(['verify'], await response.text())))).toBe(digest)
    // By its digest, and from the other one.
    for (const each of [ours, theirs]) {
      const again = await ask(each, `/v2/${name}/manifests/${digest}`)
      expect(sha256(Buffer.from(await tool(['verify'], await again.text())))).toBe(digest)
    }
  })

  test('is pulled by skopeo and docker 20.10', async () => {
    const image = `${ours.address}/${name}:v1`
    await skopeo('copy', '--src-tls-verify=false', `docker://${image}`, `dir:${at(program)}`)
    await dockerd.docker('pull', '--quiet', image)
    const inspected = JSON.parse(await dockerd.docker('image', 'inspect', image))
    expect(inspected[0].RootFS.Layers).toEqual(layers.map(({ tar }) => sha256(tar)))
    expect(inspected[0].Config.Env).toContain('A=<&>')
  })
})
