/** What a registry answers to commands from afar that another version, or another program, never would. */

import { describe, expect, test } from 'vitest'
import { readManifest } from '../../../functions/cli/images/read.ts'
import { treeOf } from '../../../functions/cli/images/tree.ts'
import type { AdminApi } from '../../../functions/cli/remote/admin-api.ts'
import { fromAfar as deletesFromAfar } from '../../../functions/cli/remote/deletes.ts'
import { fromAfar as imagesFromAfar } from '../../../functions/cli/remote/images.ts'
import { pagesOf } from '../../../functions/cli/remote/pages.ts'
import type { RegistryIo } from '../../../functions/cli/remote/registry-io.ts'
import { fromAfar as usageFromAfar } from '../../../functions/cli/remote/usage.ts'
import type { ImagesIo } from '../../../functions/cli/ways/images-io.ts'
import { OCI_INDEX } from '../../../functions/registry/media-types.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import * as z from '../../../functions/shared/schema.ts'
import type { Reply } from '../../../functions/transfer/registry/http.ts'

/** A registry that answers so. */
const registryOf = (
  answer: (path: string) => readonly [status: number, body: object, link?: string],
) => {
  const ask: AdminApi['ask'] = async (path) => {
    const [status, body, link] = answer(path)
    const headers = link === undefined ? {} : { link }
    return { status, headers, body: Buffer.from(JSON.stringify(body)) } as Reply
  }
  const read: AdminApi['read'] = ({ body }, schema) => schema.parse(JSON.parse(body.toString()))
  const registry = {
    ...{ origin: 'https://registry.example', ask, read, close: () => {} },
    distribution: (path, expected) => ask(path, expected),
    json: async (path, schema) => read(await ask(path, []), schema),
  } satisfies AdminApi
  return { registry } as unknown as RegistryIo
}

describe('a date that is none is not taken for one', () => {
  const odd = { date: 'soon', repositories: [], name: 'a', usage: { date: 'soon' } }
  const deletes = [{ id: 'a', at: 'soon', digest: `sha256:${'0'.repeat(64)}`, isThere: true }]
  const io = registryOf(() => [200, { ...odd, at: 'soon', whole: [], deletes, manifests: 0 }])
  test.each([
    ['of the usage', () => usageFromAfar(io).readUsage()],
    ['of a delete', () => deletesFromAfar(io).deletesOf('a')],
    ['of an undelete', () => deletesFromAfar(io).undeleteWhole('a')],
  ])('%s', async (_, work) => {
    await expect(work()).rejects.toThrow(/ISO datetime/)
  })
})

test('pages without an end are not read for ever', async () => {
  let page = 0
  const { registry } = registryOf(() => [200, {}, `<x?last=${page++}>; rel="next"`])
  const reading = async () => {
    for await (const _ of pagesOf(registry, 'list', z.object({}))) page += 0
  }
  await expect(reading()).rejects.toThrow('list is a list without an end')
})

test.each([
  ['sha256', 64],
  ['sha512', 128],
])(
  'what refers to a manifest by %s is looked for under the tag that the specification has',
  async (algorithm, length) => {
    const asked: string[] = []
    const io = registryOf((path) => {
      asked.push(path)
      return [404, {}]
    })
    const digest = `${algorithm}:${'a'.repeat(length)}` as Digest
    for await (const _ of imagesFromAfar(io).referrers('app', digest)) throw new Error('nothing')
    expect(asked).toEqual([
      `app/referrers/${digest}`,
      `app/manifests/${algorithm}-${'a'.repeat(64)}?look=true`,
    ])
  },
)

test('a tree that a few manifests would make without an end', async () => {
  const bytes = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: OCI_INDEX },
      manifests: [...'0123456789abcdef'].map((at) => ({
        ...{ mediaType: OCI_INDEX, size: 1, digest: `sha256:${at.repeat(64)}` },
      })),
    }),
  )
  const io = {
    manifest: async (_: string, { digest = 'sha256:0' }) => ({
      digest,
      mediaType: OCI_INDEX,
      bytes,
    }),
    async *tags() {},
    async *referrers() {},
  } as unknown as ImagesIo
  const root = await readManifest(io, 'app', { tag: 'v1' })
  await expect(treeOf(io, 'app', root!)).rejects.toThrow('it has more than 10000 manifests')
})
