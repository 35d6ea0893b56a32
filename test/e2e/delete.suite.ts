/**
 * The commands of docs/delete.md, each as it stands there, with what they remove and leave.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { contentOf, push, send } from '../cli/history/exercise.ts'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'

/** Commands below a heading of the document. */
const commandsOf = (heading: string): string[] => {
  const text = readFileSync(join(projectRoot, 'docs/delete.md'), 'utf8')
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/```sh\n(.*?)\n```/gs)].map(([, command = '']) => command)
}

const KINDS = ['A tag', 'A manifest with its tags', 'A blob'] as const

const directory = scratch('delete')
let registry: LiveRegistry
let repositories = 0
beforeAll(async () => {
  registry = await startRegistry('slipway', { directory: join(directory.path, 'data') })
  await run('regctl', ['registry', 'set', registry.address, '--tls', 'disabled'], {
    env: { HOME: directory.path },
  })
})
afterAll(async () => {
  await registry.close()
  directory.remove()
})

/** Runs a command of the document on a repository of its own. */
const execute = (command: string, repository: string, digest: string): Promise<string> => {
  const line = command
    .replaceAll('HOST', registry.address)
    .replaceAll('DIGEST', digest)
    .replaceAll(/\bapp\b/g, repository)
    .replace('file:data', `file:${join(directory.path, 'data')}`)
    .replace(/^skopeo delete/, 'skopeo delete --tls-verify=false')
    .replace(/^oras (\w+) delete/, 'oras $1 delete --plain-http')
  return run('sh', ['-c', line], { env: { HOME: directory.path } })
}

test('the document has them', () => {
  expect(KINDS.map((kind) => commandsOf(kind).length)).toEqual([4, 5, 3])
})

describe('Undo', () => {
  const [list = '', tag = '', manifest = ''] = commandsOf('Undo')
  const digestAt = async (name: string, reference: string): Promise<string | null> => {
    const response = await fetch(`http://${registry.address}/v2/${name}/manifests/${reference}`)
    return response.ok ? response.headers.get('Docker-Content-Digest') : null
  }

  test.each([
    ['a tag', 'v1', tag],
    ['a manifest with its tag', contentOf('v1').image.sha256, manifest],
  ])('%s', async (_title, reference, command) => {
    const url = `http://${registry.address}`
    repositories += 1
    const name = `r${repositories}`
    await push(url, name, 'v1')
    const { image } = contentOf('v1')
    await send(url, 'DELETE', `/v2/${name}/manifests/${reference}`, 202)
    expect(await digestAt(name, 'v1')).toBeNull()
    expect(await execute(list, name, image.sha256)).toContain(`${reference}`)
    await execute(command, name, image.sha256)
    expect(await digestAt(name, 'v1')).toBe(image.sha256)
  })
})

describe('A whole repository', () => {
  const [command = ''] = commandsOf('A whole repository')
  const undelete = commandsOf('Undo').at(-1) ?? ''
  const tags = async (name: string): Promise<string[]> => {
    const listed = await run('crane', ['ls', '--insecure', `${registry.address}/${name}`])
    return listed
      .split('\n')
      .filter((line) => line !== '')
      .toSorted()
  }

  test('clients see it empty, push it anew, and see what was undeleted', async () => {
    const url = `http://${registry.address}`
    for (const name of ['whole', 'source']) {
      for (const tag of ['v1', 'v2']) await push(url, name, tag)
    }
    const said = JSON.parse(await execute(command, 'whole', ''))
    expect(said).toMatchObject({ name: 'whole', deleted: 6, remaining: false })
    expect(await tags('whole')).toEqual([])
    const image = (name: string) => `docker://${registry.address}/${name}`
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false']
    await run('skopeo', ['copy', ...insecure, image('source:v1'), image('whole:new')])
    expect(await tags('whole')).toEqual(['new'])
    await run('skopeo', ['inspect', '--tls-verify=false', image('whole:new')])
    await execute(undelete, 'whole', '')
    expect(await tags('whole')).toEqual(['latest', 'new', 'v1', 'v2'])
    for (const each of ['v1', 'v2', 'new']) {
      const to = `dir:${join(directory.path, `pulled-${each}`)}`
      await run('skopeo', ['copy', '--src-tls-verify=false', image(`whole:${each}`), to])
    }
  })
})

for (const kind of KINDS) {
  describe(kind, () => {
    for (const command of commandsOf(kind)) {
      test(command, async () => {
        const url = `http://${registry.address}`
        repositories += 1
        const name = `r${repositories}`
        await push(url, name, 'v1')
        const { image, layers } = contentOf('v1')
        const [layer] = layers
        await send(url, 'PUT', `/v2/${name}/manifests/also`, 201, image, OCI_MANIFEST)
        await execute(command, name, kind === 'A blob' ? (layer?.sha256 ?? '') : image.sha256)
        const statuses = await Promise.all(
          [
            'manifests/v1',
            'manifests/also',
            'manifests/latest',
            `manifests/${image.sha256}`,
            `blobs/${layer?.sha256}`,
          ].map(async (path) => (await fetch(`${url}/v2/${name}/${path}`)).status),
        )
        expect(statuses).toEqual(
          {
            'A tag': [404, 200, 200, 200, 200],
            'A manifest with its tags': [404, 404, 200, 404, 200],
            'A blob': [200, 200, 200, 200, 404],
          }[kind],
        )
      })
    }
  })
}
