/**
 * Behind the edge `manifestHeads=redirect` breaks nobody: every client finds the digest of a tag, also those that have
 * it from a HEAD alone. test/e2e/others has cosign.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { testWith } from '../support/live/installed.ts'
import { run, toolCache } from '../support/live/process.ts'
import { clients, PROGRAMS } from './support/clients.ts'
import { headsScene } from './support/edge-heads.ts'

const PYTHON = join(toolCache, 'python-clients/bin/python')
const MB = 1_000_000

const beside = (file: string): string => join(import.meta.dirname, 'support', file)

const isSame = (file: string, ...directories: readonly [string, string]): boolean => {
  const [was, is] = directories.map((each) => readFileSync(join(each, file)))
  return is!.equals(was!)
}

describe('behind the edge, HEADs of manifests are redirected', () => {
  const at = headsScene()

  /** Whether a pull by tag begins with a HEAD. */
  const PULLS: Readonly<Record<string, boolean>> = {
    docker: true,
    docker29: true,
    podman: false,
    skopeo: false,
    ctr: true,
    crane: false,
    oras: false,
    regctl: false,
  }
  for (const [name, asks] of Object.entries(PULLS)) {
    testWith(PROGRAMS[name]!, `${name} pulls by tag`, async () => {
      const { address, alice, image, repository, directory, during } = at()
      const client = await clients[name]!({ address, directory: directory(), image })
      try {
        const session = client.as(alice)
        await session.logIn?.()
        await during(async () => {
          const pulled = await session.pull(`${address}/${repository}:v1`)
          expect([image.manifest, image.config]).toContain(pulled)
        }, asks)
      } finally {
        await client.close?.()
      }
    })
  }

  testWith(['helm'], 'helm pushes charts of 9 and 50 MB, and pulls them', async () => {
    const { address, alice, directory, during } = at()
    const home = directory()
    const env = { HOME: home, HELM_REGISTRY_CONFIG: join(home, 'registry.json') }
    const helm = (...args: string[]) => run('helm', args, { env, cwd: home })
    await helm(
      ...['registry', 'login', address, '--plain-http'],
      ...['-u', alice.name, '-p', alice.password],
    )
    for (const megabytes of [9, 50]) {
      const chart = `of-${megabytes}`
      const to = join(home, `${chart}-pulled`)
      mkdirSync(to)
      mkdirSync(join(home, chart))
      const yaml = `apiVersion: v2\nname: ${chart}\nversion: 1.0.0\n`
      writeFileSync(join(home, chart, 'Chart.yaml'), yaml)
      // Helm takes no file of a chart above 5 MiB.
      for (let part = 0; part < megabytes; part += 1) {
        writeFileSync(join(home, chart, `part-${part}`), blob(`${chart} ${part}`, MB).bytes)
      }
      await helm('package', chart)
      await during(async () => {
        const [below, plain] = [`oci://${address}/open`, '--plain-http']
        await helm('push', `${chart}-1.0.0.tgz`, below, plain)
        await helm('pull', `${below}/${chart}`, '--version', '1.0.0', plain, '-d', to)
      }, false)
      expect(isSame(`${chart}-1.0.0.tgz`, home, to)).toBe(true)
    }
  })

  test('@sigstore/oci finds a digest, and attaches an attestation', async () => {
    const { url, address, alice, image, repository, during } = at()
    const sigstore = async (command: string, reference: string) => {
      const modules = join(toolCache, 'sigstore')
      const program = [beside('sigstore.mjs'), modules, command, `${address}/${repository}`]
      const printed = await run(process.execPath, [
        ...[...program, reference, alice.name, alice.password],
      ])
      return printed.trim()
    }
    const get = (path: string) => fetch(`${url}/v2/${repository}/${path}`)
    await during(async () => {
      expect(await sigstore('digest', 'v1')).toBe(image.manifest)
      const attached = await sigstore('attach', image.manifest)
      const { manifests } = (await (await get(`referrers/${image.manifest}`)).json()) as {
        manifests: { digest: string }[]
      }
      expect(manifests.map(({ digest }) => digest)).toContain(attached)
      // It has the length of the subject from a HEAD, too.
      const { subject } = (await (await get(`manifests/${attached}`)).json()) as { subject: object }
      const { byteLength: size } = await (await get(`manifests/${image.manifest}`)).arrayBuffer()
      expect(subject).toMatchObject({ digest: image.manifest, size })
    }, true)
  })

  testWith([PYTHON], 'oras-py pushes 9 and 50 MB, pulls them, and deletes the tag', async () => {
    const { url, address, alice, directory, during } = at()
    const [home, pulled] = [directory(), directory()]
    const names = ['nine', 'fifty']
    writeFileSync(join(home, 'nine'), blob('nine', 9 * MB).bytes)
    writeFileSync(join(home, 'fifty'), blob('fifty', 50 * MB).bytes)
    const place = [address, `${address}/open/py:v1`, alice.name, alice.password, pulled]
    await during(async () => {
      const program = [beside('oras_edge.py'), ...place, ...names]
      const said = await run(PYTHON, program, { cwd: home, env: { HOME: home } })
      expect(said.trim().split('\n').at(-1)).toBe('True')
    }, true)
    for (const file of names) expect(isSame(file, home, pulled)).toBe(true)
    expect((await fetch(`${url}/v2/open/py/manifests/v1`)).status).toBe(404)
  })
})
