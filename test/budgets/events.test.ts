/**
 * What events cost where somebody wants them: one write for each request, beside what it does anyway. Where somebody
 * wants to hear of tags that move, a read of each tag of a push. Where nobody wants any, nothing: all other budgets
 * are without.
 *
 * @module
 */

import { describe, test } from 'vitest'
import type { Wanted } from '../../functions/events/recorder.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { pushAsContainerd, pushAsDocker, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { EVERYTHING, recorderOf } from '../support/rig/recorded.ts'
import { meter } from './measure.ts'

const { store, open: openPlain, costs } = await meter()
const withoutMoves: Wanted = { wants: ({ action }) => action !== 'tag', references: false }
const open = (wanted: Wanted = withoutMoves) => openPlain({ events: recorderOf(store, wanted) })
const send = await open()

let count = 0
/** A layer nobody has seen. */
const layer = (size = 1024): Content => blob(`event ${count++}`, size)

describe('a layer: the record, beside the data', () => {
  test('docker-style: 6 instead of 5', async () => {
    const calls = { GetObject: 1, HeadObject: 2, PutObject: 3 }
    await costs({ calls, steps: 4 }, () => pushAsDocker(send, 'app', layer()))
  })

  test('containerd-style: 5 instead of 4', async () => {
    const calls = { GetObject: 1, HeadObject: 1, PutObject: 3 }
    await costs({ calls, steps: 3 }, () => pushAsContainerd(send, 'app', layer()))
  })

  test('POST with digest and bytes: 3 instead of 2', async () => {
    await costs({ calls: { PutObject: 3 }, steps: 2 }, () => pushAtOnce(send, 'app', layer()))
  })

  test('whose digest does not match: nothing is recorded', async () => {
    const target = `/v2/app/blobs/uploads/?digest=${layer().sha256}`
    await costs({ calls: {} }, () => expectStatus(400, send(`POST ${target}`, layer().bytes)))
  })

  // The body has passed, and all else is known: there is no step to be beside.
  test('of several parts, that another repository has: one more, and one step', async () => {
    const large = layer(13 * 1024 * 1024)
    await pushAsContainerd(await openPlain(), 'source', large)
    const fresh = await open()
    const calls = { GetObject: 1, HeadObject: 1, PutObject: 2 }
    await costs({ calls, steps: 3 }, () => pushAsContainerd(fresh, 'other', large))
  })
})

describe('a mount: the record, beside the source', async () => {
  const content = layer()
  await pushAtOnce(send, 'source', content)

  for (const [what, from, calls] of [
    ['a repository', '&from=source', { GetObject: 1, HeadObject: 1, PutObject: 2 }],
    ['any', '', { HeadObject: 1, PutObject: 2 }],
  ] as const) {
    test(`from ${what}`, async () => {
      const fresh = await open()
      const target = `/v2/target/blobs/uploads/?mount=${content.sha256}${from}`
      await costs({ calls, steps: 2 }, () => expectStatus(201, fresh(`POST ${target}`)))
    })
  }

  test('of what is not there: withdrawn', async () => {
    const target = `/v2/target/blobs/uploads/?mount=${layer().sha256}&from=source`
    const calls = { GetObject: 1, HeadObject: 1, PutObject: 1, DeleteObject: 1 }
    await costs({ calls, steps: 2 }, () => expectStatus(202, send(`POST ${target}`)))
  })
})

describe('a manifest', async () => {
  const layers = [layer(), layer(), layer()]
  for (const each of [CONFIG, ...layers]) await pushAtOnce(send, 'app', each)
  await pushManifest(send, 'app', 'first', imageOf())

  test('by tag: 15 calls instead of 14, in 3 steps', async () => {
    const fresh = await open()
    await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 4 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', 'v1', imageOf(layers)),
    )
  })

  test('by tag, where somebody wants to hear of moves: a read more, beside the others', async () => {
    const fresh = await open(EVERYTHING)
    await costs({ calls: { GetObject: 5, HeadObject: 5, PutObject: 4 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', 'v1', imageOf(layers)),
    )
  })

  test('by digest: one more, in 2 steps', async () => {
    const image = imageOf(layers, { annotations: { by: 'digest' } })
    const fresh = await open()
    await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 3 }, steps: 2 }, () =>
      pushManifest(fresh, 'app', image.sha256, image),
    )
  })

  test('with 10 tags: one more for all', async () => {
    const image = imageOf([], { annotations: { with: 'tags' } })
    const tags = Array.from({ length: 10 }, (_, at) => `tag=t${at}`).join('&')
    const fresh = await open()
    await costs({ calls: { GetObject: 1, HeadObject: 2, PutObject: 2 + 10 + 1 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', `${image.sha256}?${tags}`, image),
    )
  })

  test('by tag, with a reference that is not there: nothing is recorded', async () => {
    const image = imageOf([blob('never pushed', 10)])
    const fresh = await open()
    await costs({ calls: { GetObject: 2, HeadObject: 3, PutObject: 1 }, steps: 1 }, () =>
      expectStatus(
        400,
        fresh('PUT /v2/app/manifests/refused', image.bytes, { 'Content-Type': OCI_MANIFEST }),
      ),
    )
  })

  test('pulls cost what they cost without', async () => {
    const fresh = await open()
    await costs({ calls: { GetObject: 2 }, steps: 2 }, () =>
      expectStatus(200, fresh('GET /v2/app/manifests/first')),
    )
  })
})

describe('DELETE', () => {
  test('a blob: the record, beside its link', async () => {
    const content = layer()
    await pushAtOnce(send, 'app', content)
    const fresh = await open()
    await costs({ calls: { GetObject: 1, PutObject: 1, DeleteObject: 1 }, steps: 2 }, () =>
      expectStatus(202, fresh(`DELETE /v2/app/blobs/${content.sha256}`)),
    )
  })

  test('a tag: beside its link', async () => {
    await pushManifest(send, 'app', 'gone', imageOf())
    const calls = { GetObject: 1, ListObjectsV2: 1, PutObject: 1, DeleteObject: 1 }
    await costs({ calls, steps: 2 }, () => expectStatus(202, send('DELETE /v2/app/manifests/gone')))
  })

  for (const [undeletes, steps, notes] of [
    [true, 5, 2],
    // Without notes of deletes there is no step between the listing of the tags and their end.
    [false, 5, 0],
  ] as const) {
    test(`a manifest with 3 tags, ${undeletes ? 'noted' : 'not noted'}: its record, and one for its tags`, async () => {
      const name = `deletes/${undeletes}`
      await pushAtOnce(send, name, CONFIG)
      const image = imageOf([], { annotations: { name } })
      await pushManifest(send, name, `${image.sha256}?tag=a&tag=b&tag=c`, image)
      const fresh = await openPlain({ undeletes, events: recorderOf(store, withoutMoves) })
      const calls = { GetObject: 2, ListObjectsV2: 1, DeleteObject: 3, PutObject: 1 + notes + 2 }
      await costs({ calls, steps }, () =>
        expectStatus(202, fresh(`DELETE /v2/${name}/manifests/${image.sha256}`)),
      )
    })
  }
})
