/**
 * Guarded repositories with skopeo: images encrypted for a key of JWE, pushed, pulled, mounted, kept by the clean-up, and
 * refused where they are plain; unsigned images refused in words that skopeo, crane, docker and podman print.
 *
 * @module
 */

import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startContainerd, startDockerd } from '../e2e/support/daemons.ts'
import { run, scratch, toolCache } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { writeLayout } from './oci-layout.ts'

const directory = scratch('guard')
const at = (name: string): string => join(directory.path, name)
const store = { directory: at('store') }

let registry: LiveRegistry

/** A pair of keys for images, in files of this name. */
const writeKeys = (name: string): void => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(at(`${name}.pub`), publicKey.export({ format: 'pem', type: 'spki' }))
  writeFileSync(at(`${name}.key`), privateKey.export({ format: 'pem', type: 'pkcs8' }))
}

const POLICY = (key: string) => ({
  version: 1,
  rules: [{ who: ['anonymous'], repositories: ['**'], actions: ['*'] }],
  require: [
    { repositories: ['secret/**'], encrypted: true },
    { repositories: ['signed/**'], signed: { by: [{ key }] } },
  ],
})

const here = (name: string) => `docker://${registry.address}/${name}`

/** Copies without TLS. */
const skopeo = (...args: string[]): Promise<string> =>
  run('skopeo', [
    ...[
      'copy',
      '--quiet',
      '--insecure-policy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
    ],
    ...args,
  ])

/** What a program says when it fails. */
const failureOf = async (running: Promise<string>): Promise<string> => {
  try {
    return `it did not fail: ${await running}`
  } catch (error) {
    return String(error)
  }
}

const manifestOf = async (name: string, tag: string) => {
  const response = await fetch(`http://${registry.address}/v2/${name}/manifests/${tag}`)
  expect(response.status).toBe(200)
  return JSON.parse(await response.text()) as {
    layers: { mediaType: string; digest: string; annotations?: Record<string, string> }[]
  }
}

beforeAll(async () => {
  mkdirSync(store.directory)
  for (const name of ['reader', 'stranger']) writeKeys(name)
  writeFileSync(at('policy.json'), JSON.stringify(POLICY(readFileSync(at('reader.pub'), 'utf8'))))
  await writeLayout(at('layout'), ['amd64'], [10_000, 300_000])
  registry = await startRegistry('slipway', store, {
    flags: ['--policy', at('policy.json'), '--gc', 'on'],
  })
})

afterAll(async () => {
  await registry?.close()
  directory.remove()
})

const LAYOUT = () => `oci:${at('layout')}:v1`
const KEY = () => ['--encryption-key', `jwe:${at('reader.pub')}`]

/** The layers of an image that was pulled, in order. */
const layersIn = (path: string): readonly string[] => {
  const { manifests } = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'))
  const blob = (digest: string) => readFileSync(join(path, 'blobs', digest.replace(':', '/')))
  const { config } = JSON.parse(blob(manifests[0].digest).toString())
  return JSON.parse(blob(config.digest).toString()).rootfs.diff_ids
}

describe('skopeo', () => {
  test('is refused a plain image, and told which layer, and what to do', async () => {
    const said = await failureOf(skopeo(LAYOUT(), here('secret/app:v1')))
    expect(said).toContain('the repository secret/app takes only encrypted images: layer 1 of 2')
    expect(said).toContain('skopeo copy --encryption-key')
    await skopeo(LAYOUT(), here('open/app:v1'))
  })

  test('pushes an encrypted one, and pulls it with the key, and with no other', async () => {
    await skopeo(...KEY(), LAYOUT(), here('secret/app:v1'))
    const { layers } = await manifestOf('secret/app', 'v1')
    expect(layers).toHaveLength(2)
    for (const { mediaType, annotations } of layers) {
      expect(mediaType).toMatch(/\+encrypted$/)
      expect(annotations).toHaveProperty(['org.opencontainers.image.enc.keys.jwe'])
    }
    const key = ['--decryption-key', at('reader.key')]
    await skopeo(...key, here('secret/app:v1'), `oci:${at('pulled')}:v1`)
    expect(layersIn(at('pulled'))).toEqual(layersIn(at('layout')))
    const wrong = ['--decryption-key', at('stranger.key')]
    const said = await failureOf(skopeo(...wrong, here('secret/app:v1'), `oci:${at('no')}:v1`))
    expect(said).toMatch(/decrypt|unwrap/)
  })

  test('copies it to another repository as it is, where its layers are mounted', async () => {
    const { layers } = await manifestOf('secret/app', 'v1')
    for (const { digest } of layers) {
      const mount = `/v2/secret/copy/blobs/uploads/?mount=${digest}&from=secret/app`
      const answer = await fetch(`http://${registry.address}${mount}`, { method: 'POST' })
      expect(answer.status).toBe(201)
    }
    await skopeo('--preserve-digests', here('secret/app:v1'), here('secret/copy:v1'))
    expect(await manifestOf('secret/copy', 'v1')).toEqual(await manifestOf('secret/app', 'v1'))
  })

  test('pulls it still after a clean-up', async () => {
    for (const _ of [1, 2]) {
      const old = ['-type', 'f', '-exec', 'touch', '--date', '20 days ago', '{}', '+']
      await run('find', [store.directory, ...old])
      await slipway('gc', store, ['--json', '--run', '--force'])
    }
    const key = ['--decryption-key', at('reader.key')]
    await skopeo(...key, here('secret/app:v1'), `oci:${at('kept')}:v1`)
    expect(layersIn(at('kept'))).toEqual(layersIn(at('layout')))
    expect(readdirSync(at('kept'))).toContain('index.json')
  })

  test('is refused an image that nobody has signed, and so is crane', async () => {
    await skopeo(LAYOUT(), here('signed/app:v1'))
    const words = 'gives only images that are signed by those whom its policy names'
    expect(await failureOf(skopeo(here('signed/app:v1'), `oci:${at('no')}:v1`))).toContain(words)
    const crane = join(toolCache, 'bin/crane')
    const target = `${registry.address}/signed/app:v1`
    expect(await failureOf(run(crane, ['manifest', '--insecure', target]))).toContain(words)
  })

  test('is refused it like docker, podman and containerd', async () => {
    const target = `${registry.address}/signed/app:v1`
    const words = 'gives only images that are signed by those whom its policy names'
    const dockerd = await startDockerd(directory.path, 'docker')
    try {
      expect(await failureOf(dockerd.docker('pull', target))).toContain(words)
    } finally {
      await dockerd.stop()
    }
    const places = ['--root', at('root'), '--runroot', at('run'), '--storage-driver', 'vfs']
    const podman = ['pull', '--tls-verify=false', '--quiet', target]
    expect(await failureOf(run('podman', [...places, ...podman]))).toContain(words)
    const containerd = await startContainerd(directory.path, 'containerd')
    try {
      // It sends a HEAD, whose response has no words.
      const said = await failureOf(containerd.ctr('images', 'pull', '--plain-http', target))
      expect(said).toContain('403')
    } finally {
      await containerd.stop()
    }
  })
})
