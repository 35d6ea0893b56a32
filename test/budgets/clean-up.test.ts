/**
 * What pushes, mounts and pulls cost where a clean-up may run: a read of a marker more for each that
 * writes, beside what they do anyway.
 *
 * @module
 */

import { describe, test } from 'vitest'
import { newNonce, writeMarker } from '../../functions/registry/clean-up/marker.ts'
import { layerLinkKey } from '../../functions/registry/layout.ts'
import { writeLink } from '../../functions/registry/links.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { pushAsContainerd, pushAsDocker, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { meter } from './measure.ts'

const { store, open: openAny, costs } = await meter()
const open = () => openAny({ cleanUp: true })
const send = await open()

let count = 0
/** A layer nobody has seen. */
const layer = (): Content => blob(`layer ${count++}`, 1024)

describe('a layer: the marker, beside the data', () => {
  test('docker-style: 7 instead of 5, since both PATCH and PUT look', async () => {
    const calls = { GetObject: 3, HeadObject: 2, PutObject: 2 }
    await costs({ calls, steps: 4 }, () => pushAsDocker(send, 'app', layer()))
  })

  test('containerd-style: 5 instead of 4', async () => {
    const calls = { GetObject: 2, HeadObject: 1, PutObject: 2 }
    await costs({ calls, steps: 3 }, () => pushAsContainerd(send, 'app', layer()))
  })

  test('POST with digest and bytes: 3 instead of 2', async () => {
    await costs({ calls: { GetObject: 1, PutObject: 2 }, steps: 2 }, () =>
      pushAtOnce(send, 'app', layer()),
    )
  })

  test('condemned: one write and one step more', async () => {
    const content = layer()
    const marker = { state: 'condemned', nonce: newNonce() } as const
    await writeMarker(store, content.sha256, marker, { ifNoneMatch: '*' })
    await costs({ calls: { GetObject: 1, PutObject: 3 }, steps: 3 }, () =>
      pushAtOnce(send, 'app', content),
    )
  })
})

describe('a mount: the marker, beside the source', async () => {
  const content = layer()
  await pushAtOnce(send, 'source', content)

  test('from a repository', async () => {
    const fresh = await open()
    const target = `/v2/target/blobs/uploads/?mount=${content.sha256}&from=source`
    await costs({ calls: { GetObject: 2, HeadObject: 1, PutObject: 1 }, steps: 2 }, () =>
      expectStatus(201, fresh(`POST ${target}`)),
    )
  })

  test('from any', async () => {
    const fresh = await open()
    const target = `/v2/target/blobs/uploads/?mount=${content.sha256}`
    await costs({ calls: { GetObject: 1, HeadObject: 1, PutObject: 1 }, steps: 2 }, () =>
      expectStatus(201, fresh(`POST ${target}`)),
    )
  })

  test('by sha512: beside the data, as soon as the link has named it', async () => {
    const { bytes, sha512 } = layer()
    await expectStatus(201, send(`POST /v2/source/blobs/uploads/?digest=${sha512}`, bytes))
    const fresh = await open()
    const target = `/v2/target/blobs/uploads/?mount=${sha512}&from=source`
    await costs({ calls: { GetObject: 2, HeadObject: 1, PutObject: 3 }, steps: 3 }, () =>
      expectStatus(201, fresh(`POST ${target}`)),
    )
  })

  test('of what was pushed a moment ago: the marker is never from memory, a step more', async () => {
    const target = `/v2/other/blobs/uploads/?mount=${content.sha256}&from=source`
    await costs({ calls: { GetObject: 1, PutObject: 1 }, steps: 2 }, () =>
      expectStatus(201, send(`POST ${target}`)),
    )
  })
})

describe('a manifest', async () => {
  const layers = [layer(), layer(), layer()]
  for (const each of [CONFIG, ...layers]) await pushAtOnce(send, 'app', each)
  await pushManifest(send, 'app', 'first', imageOf())

  test('4 references: 15 calls instead of 14, in 3 steps', async () => {
    const fresh = await open()
    await costs({ calls: { GetObject: 5, HeadObject: 5, PutObject: 3 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', 'v1', imageOf(layers)),
    )
  })

  test('one of them condemned: one write and one step more', async () => {
    const [first] = layers
    const link = layerLinkKey('app', first!.sha256)
    await writeLink(store, link, first!.sha256, { condemned: newNonce() })
    const fresh = await open()
    await costs({ calls: { GetObject: 5, HeadObject: 5, PutObject: 4 }, steps: 4 }, () =>
      pushManifest(fresh, 'app', 'v1', imageOf(layers)),
    )
  })

  test('pulls and questions cost what they cost without', async () => {
    const image = imageOf(layers)
    const blobTarget = `/v2/app/blobs/${layers[1]!.sha256}`
    const read = { GetObject: 2 }
    for (const [request, calls] of [
      [`GET ${blobTarget}`, read],
      [`HEAD ${blobTarget}`, { GetObject: 1, HeadObject: 1 }],
      [`GET /v2/app/manifests/${image.sha256}`, read],
      ['GET /v2/app/manifests/v1', read],
    ] as const) {
      const fresh = await open()
      const steps = request.endsWith('/v1') ? 2 : 1
      await costs({ calls, steps }, () => expectStatus(200, fresh(request)))
    }
  })
})
