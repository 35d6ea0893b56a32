/**
 * The package: what is in it, and that it works where nothing else is.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, projectRoot, responds, run, scratch } from '../support/live/process.ts'
import { oldNode } from './old-node.ts'
import { install, npm, type Packed, packInto, serve } from './packing.ts'

const directory = scratch('package')
const folder = join(directory.path, 'user')
let packed: Packed
beforeAll(async () => {
  packed = await packInto(directory.path)
  await install(packed, folder)
})
afterAll(() => directory.remove())

const manifestOf = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))

describe('the tarball', () => {
  test('has what runs, its types and its documents, and nothing else', () => {
    const others = packed.files.filter(
      (path) =>
        !/^dist\/(?:api|traces|web|cdk|credential-helper)\/[\w./-]+\.(?:mjs|js|d\.ts)$/.test(
          path,
        ) && !/^dist\/page\/\w+-\w+\.(?:js|css|svg)$/.test(path),
    )
    expect(others.sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/command.mjs',
      'dist/docker-credential-slipway.mjs',
      'dist/node-version.mjs',
      'dist/page/index.html',
      'dist/slipway.mjs',
      'dist/web/package.json',
      'npm-shrinkwrap.json',
      'package.json',
    ])
    expect(packed.files).toContain('dist/api/api.mjs')
    expect(packed.files).toContain('dist/traces/api-traced.mjs')
    expect(packed.files).toContain('dist/credential-helper/credential-helper.mjs')
    expect(packed.files).toContain('dist/web/index.js')
    expect(packed.files).toContain('dist/cdk/index.js')
    expect(packed.files).toContain('dist/cdk/edge/manifest-digest.js')
    expect(packed.files).toContain('dist/cdk/edge/public-reads.js')
    expect(packed.files).toContain('dist/cdk/edge/origin-response/index.mjs')
  })

  // Three bundles share most of their code: the command line, and those of the two functions.
  test('is smaller than 3 megabytes, the Public Suffix List three times', () =>
    expect(packed.size).toBeLessThan(3_000_000))

  test('names nothing that npm would have to fetch, and runs nothing when it is installed', () => {
    const manifest = manifestOf(join(folder, 'node_modules/slipway'))
    expect(manifest.dependencies).toBeUndefined()
    expect(Object.keys(manifest.scripts)).toEqual(['start'])
    const optional = Object.entries(manifest.peerDependenciesMeta)
    expect(optional).toEqual(
      ['aws-cdk-lib', 'constructs'].map((name) => [name, { optional: true }]),
    )
  })

  test('allows the versions of CDK that its construct is tested with', () => {
    const { peerDependencies: peers, devDependencies: tested } = manifestOf(projectRoot)
    expect(peers['aws-cdk-lib']).toBe(`^${tested['aws-cdk-lib']}`)
    const { peerDependencies } = manifestOf(join(projectRoot, 'node_modules/aws-cdk-lib'))
    expect(peers.constructs).toBe(peerDependencies.constructs)
  })

  test('leaves the checkout as it was', () => expect(packed.changes).toBe(''))
})

describe('installed in an empty folder', () => {
  test('the command tells what it can', async () => {
    expect(await npm('npx', ['--no', '--', 'slipway', '--help'], folder)).toMatch(/^ {2}serve /m)
  })

  test('a server takes a push, serves the pull and stops when it is told to', async () => {
    const port = await freePort()
    const registry = `http://127.0.0.1:${port}`
    const server = await serve('npx', ['--no', 'slipway', 'serve'], folder, port)
    try {
      const layer = Buffer.from('a small layer')
      const digest = `sha256:${createHash('sha256').update(layer).digest('hex')}`
      const uploads = `${registry}/v2/app/blobs/uploads/?digest=${digest}`
      expect((await fetch(uploads, { method: 'POST', body: layer })).status).toBe(201)

      const type = 'application/vnd.oci.image.manifest.v1+json'
      const blob = { mediaType: 'application/octet-stream', digest, size: layer.length }
      const manifest = JSON.stringify({
        schemaVersion: 2,
        mediaType: type,
        config: blob,
        layers: [blob],
      })
      const url = `${registry}/v2/app/manifests/v1`
      const put = { method: 'PUT', headers: { 'Content-Type': type }, body: manifest }
      expect((await fetch(url, put)).status).toBe(201)

      expect(await (await fetch(url)).text()).toBe(manifest)
      const pulled = await fetch(`${registry}/v2/app/blobs/${digest}`)
      expect(Buffer.from(await pulled.arrayBuffer())).toEqual(layer)
    } finally {
      await server.stop()
    }
    expect(server.output()).toContain('Stopping')
    expect(await responds(registry).catch(() => false)).toBe(false)
  })

  test('commands are given to a server from afar, with the credentials that docker has', async () => {
    const slipway = (args: readonly string[], env: Record<string, string>, input = '') =>
      run(process.execPath, [join(folder, 'node_modules/.bin/slipway'), ...args], {
        cwd: folder,
        env,
        input,
      })
    const store = ['--store', `file:${join(directory.path, 'afar')}`]
    const policy = join(directory.path, 'policy.json')
    const rule = { who: ['user:alice'], repositories: ['**'], actions: ['*', 'admin'] }
    writeFileSync(policy, JSON.stringify({ version: 1, rules: [rule] }))
    await slipway(['user', 'add', 'alice', '--password-stdin', ...store], {}, 'correct horse')
    await slipway(['policy', 'set', policy, ...store], {})

    const port = await freePort()
    const server = await serve('npx', ['--no', 'slipway', 'serve', ...store], folder, port)
    try {
      const host = `127.0.0.1:${port}`
      const docker = join(directory.path, 'docker')
      mkdirSync(docker)
      const auth = Buffer.from('alice:correct horse').toString('base64')
      const auths = { [host]: { auth } }
      writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths }))
      const env = { DOCKER_CONFIG: docker }
      const afar = ['--registry', `http://${host}`]
      await slipway(['user', 'add', 'bob', '--password-stdin', ...afar], env, 'battery staple')
      const byName = { ...env, SLIPWAY_REGISTRY: host }
      expect(await slipway(['user', 'list'], byName)).toBe('alice\nbob\n')
      expect(await slipway(['changes'], byName)).toMatch(/\thtpasswd\tuser:alice\n$/)
      await expect(slipway(['gc', ...afar], env)).rejects.toThrow('works on the store alone')
    } finally {
      await server.stop()
    }
  })

  test('it has the credential helper', async () => {
    const helper = join(folder, 'node_modules/.bin/docker-credential-slipway')
    const help = (action: string) => run(process.execPath, [helper, action])
    expect(await help('version')).toMatch(/^docker-credential-slipway \d/)
    expect(await help('list')).toBe('{}\n')
    const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' }
    const get = run(process.execPath, [helper, 'get'], { env: keys, input: 'registry.example' })
    expect(JSON.parse(await get)).toMatchObject({ Username: 'AWS' })
  })

  test('an old Node is told so in one line', async () => {
    const node = await oldNode(join(directory.path, 'old'))
    const version = (await run(node, ['--version'])).trim().slice(1)
    const entries = [
      'node_modules/.bin/slipway',
      'node_modules/.bin/docker-credential-slipway',
      'node_modules/slipway/dist/command.mjs',
    ]
    for (const entry of entries) {
      const failure = await run(node, [entry, 'serve'], { cwd: folder }).then(
        () => undefined,
        ({ cause }) => cause,
      )
      expect(failure.code).toBe(1)
      expect(failure.stdout).toBe('')
      expect(failure.stderr).toBe(`slipway needs Node 24 or later; this is ${version}.\n`)
    }
  })
})
