/**
 * `slipway reindex`: what it shows while it runs, and what it says in the end.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { NAMES_KEY } from '../../functions/search/keys.ts'
import { imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const PREFIX = 'docker/registry/v2'

test('counts what it has found', async (t) => {
  const { store, give, printed, said, shown } = await openDesk(t, openFiles)
  for (const name of ['a', 'b/c']) {
    const { sha256, bytes } = imageOf([], { mediaType: OCI_MANIFEST, annotations: { name } })
    const hex = sha256.slice('sha256:'.length)
    await store.put(`${PREFIX}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, bytes)
    const link = `${PREFIX}/repositories/${name}/_manifests/revisions/sha256/${hex}/link`
    await store.put(link, Buffer.from(sha256))
  }
  await give('reindex')
  expect(printed).toEqual([])
  expect(shown.at(-1)).toBe('Indexing: 2 repositories, 2 manifests, 0 referrers')
  expect(shown).toHaveLength(2)
  expect(said).toEqual(['Indexed 2 repositories, 2 manifests, 0 referrers.'])
})

test('builds the index for search where there is to be one, and takes it away where not', async (t) => {
  const { store, give, said } = await openDesk(t, openFiles)
  await pushImage(await clientOf(store), 'a', 'v1', [])
  const setSearch = (search: boolean) =>
    store.put(
      EVENT_RECEIVERS_KEY,
      Buffer.from(JSON.stringify({ version: 1, search, receivers: [] })),
    )
  await setSearch(true)
  for (const anew of [1, 0]) {
    said.length = 0
    await give('reindex')
    expect(said).toEqual([
      'Indexed 1 repositories, 1 manifests, 0 referrers.',
      `The index for search has 1 repositories, ${anew} of them anew.`,
    ])
  }
  expect(await store.head(NAMES_KEY)).toBeDefined()
  await setSearch(false)
  await give('reindex')
  expect(await store.head(NAMES_KEY)).toBeUndefined()
})
