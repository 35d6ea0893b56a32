/**
 * What is recorded of pushes, mounts, deletes and undeletes, and that nothing is recorded of what was refused.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { prove } from '../../functions/events/proof.ts'
import { type EventRecord, OUTBOX } from '../../functions/events/record.ts'
import { createRecorder } from '../../functions/events/recorder.ts'
import { undelete } from '../../functions/registry/deleted/undelete.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { NO_RULES } from '../../functions/registry/retention/retention.ts'
import { undeleteWhole } from '../../functions/registry/whole/undelete.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createModel } from '../interleavings/model.ts'
import { blob, CONFIG, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushAsDocker, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { EVERYTHING, eventsIn, recorderOf } from '../support/rig/recorded.ts'

const LAYER = blob('layer', 100)
const IMAGE = imageOf([LAYER])
const OTHER = imageOf([], { annotations: { other: 'yes' } })
const LARGE = blob('large', 13 * 1024 * 1024)

/** A registry with IMAGE as `v1` and OTHER without a tag; of that, nothing is recorded. */
const open = async (more: (store: ObjectStore) => ObjectStore = (store) => store) => {
  const { store } = createModel({ etags: 'content', conditionalDeletes: true })
  const before = await clientOf(store)
  for (const each of [CONFIG, LAYER, LARGE]) await pushAtOnce(before, 'app', each)
  await pushManifest(before, 'app', 'v1', IMAGE)
  await pushManifest(before, 'app', OTHER.sha256, OTHER)
  const rules = { ...NO_RULES, isImmutable: (_: string, tag: string) => tag === 'frozen' }
  await pushManifest(before, 'app', 'frozen', OTHER)
  let woken = 0
  const wake = () => {
    woken += 1
  }
  const held = more(store)
  const send = await clientOf(held, {
    events: createRecorder({ store: held, wanted: EVERYTHING, now: Date.now, wake }),
    undeletes: true,
    rules: async () => rules,
    wait: async () => {},
  })
  return { store, send, woken: () => woken }
}

const nameOf = (digest: string | undefined): string | undefined => {
  const known = { CONFIG, LAYER, IMAGE, OTHER, LARGE }
  const found = Object.entries(known).find(([, { sha256 }]) => sha256 === digest)
  return found?.[0] ?? digest
}

/** An event in a line. */
const line = ({ action, repository, target = {} }: EventRecord): string =>
  [
    `${action} ${repository}`,
    target.tag && `:${target.tag}`,
    target.digest && `@${nameOf(target.digest)}`,
    target.previous && `was ${nameOf(target.previous)}`,
    target.fromRepository && `from ${target.fromRepository}`,
  ]
    .filter((part) => part)
    .join(' ')

const put = (send: Send, reference: string, image = IMAGE, status = 201, headers = {}) =>
  expectStatus(
    status,
    send(`PUT /v2/app/manifests/${reference}`, image.bytes, {
      'Content-Type': OCI_MANIFEST,
      ...headers,
    }),
  )

const ask = (request: string, status: number) => (send: Send) => expectStatus(status, send(request))

const CASES: readonly (readonly [
  what: string,
  work: (send: Send, store: ObjectStore) => Promise<unknown>,
  events: readonly string[],
])[] = [
  ['a blob', (send) => pushAsDocker(send, 'new', LAYER), ['push new @LAYER']],
  ['a blob at once', (send) => pushAtOnce(send, 'new', LAYER), ['push new @LAYER']],
  ['a large blob', (send) => pushAtOnce(send, 'new', LARGE), ['push new @LARGE']],
  [
    'a mount',
    ask(`POST /v2/new/blobs/uploads/?mount=${LAYER.sha256}&from=app`, 201),
    ['mount new @LAYER from app'],
  ],
  [
    'a mount from any',
    ask(`POST /v2/new/blobs/uploads/?mount=${LAYER.sha256}`, 201),
    ['mount new @LAYER'],
  ],
  [
    'a mount of nothing',
    ask(`POST /v2/new/blobs/uploads/?mount=${IMAGE.sha256}&from=app`, 202),
    [],
  ],
  ['by digest', (send) => put(send, IMAGE.sha256), ['push app @IMAGE']],
  ['by tag', (send) => put(send, 'v2'), ['push app :v2 @IMAGE']],
  ['by tag, as before', (send) => put(send, 'v1'), ['push app :v1 @IMAGE']],
  [
    'a tag that moves',
    (send) => put(send, 'v1', OTHER),
    ['push app :v1 @OTHER', 'tag app :v1 @OTHER was IMAGE'],
  ],
  [
    'several tags',
    (send) => put(send, `${OTHER.sha256}?tag=a&tag=v1`, OTHER),
    ['push app :a @OTHER', 'push app :v1 @OTHER', 'tag app :v1 @OTHER was IMAGE'],
  ],
  ['without what it refers to', (send) => put(send, 'v1', imageOf([blob('none', 1)]), 400), []],
  [
    'by digest, without it',
    async (send) => {
      const image = imageOf([blob('none', 1)])
      await put(send, image.sha256, image, 400)
    },
    [],
  ],
  ['an immutable tag', (send) => put(send, 'frozen', IMAGE, 409), []],
  [
    'a condition that does not hold',
    (send) => put(send, 'v1', IMAGE, 412, { 'If-None-Match': '*' }),
    [],
  ],
  ['delete a blob', ask(`DELETE /v2/app/blobs/${LAYER.sha256}`, 202), ['delete app @LAYER']],
  ['delete no blob', ask(`DELETE /v2/app/blobs/${IMAGE.sha256}`, 404), []],
  ['delete a tag', ask('DELETE /v2/app/manifests/v1', 202), ['delete app :v1']],
  ['delete no tag', ask('DELETE /v2/app/manifests/none', 404), []],
  ['delete an immutable tag', ask('DELETE /v2/app/manifests/frozen', 409), []],
  [
    'delete a manifest and its tags',
    ask(`DELETE /v2/app/manifests/${IMAGE.sha256}`, 202),
    ['delete app :v1', 'delete app @IMAGE'],
  ],
  ['delete no manifest', ask(`DELETE /v2/app/manifests/${LAYER.sha256}`, 404), []],
  ['delete under an immutable tag', ask(`DELETE /v2/app/manifests/${OTHER.sha256}`, 409), []],
  ['delete no repository', ask('DELETE /api/v1/repositories/none', 404), []],
  [
    'undelete a tag',
    async (_, store) => {
      await expectStatus(
        202,
        (await clientOf(store, { undeletes: true }))('DELETE /v2/app/manifests/v1'),
      )
      const recording = recorderOf(store).begin('app')
      await undelete(store, 'app', { tag: 'v1' }, undefined, undefined, recording)
    },
    ['undelete app :v1 @IMAGE'],
  ],
  [
    'undelete a manifest',
    async (_, store) => {
      const send = await clientOf(store, { undeletes: true })
      await expectStatus(202, send(`DELETE /v2/app/manifests/${IMAGE.sha256}`))
      const recording = recorderOf(store).begin('app')
      const reference = { digest: IMAGE.sha256 as Digest }
      await undelete(store, 'app', reference, undefined, undefined, recording)
    },
    ['undelete app :v1 @IMAGE'],
  ],
]

describe('recorded of', () => {
  for (const [what, work, expected] of CASES) {
    test(what, async () => {
      const { store, send, woken } = await open()
      await work(send, store)
      const events = await eventsIn(store)
      expect(events.map(line).sort()).toEqual(expected)
      for (const each of events) expect(await prove(store, each)).toBe('happened')
      expect(woken() > 0).toBe(expected.length > 0 && !what.startsWith('undelete'))
    })
  }

  test('a whole repository, deleted and brought back', async () => {
    const { store } = await open()
    const send = await clientOf(store, {
      events: recorderOf(store),
      undeletes: true,
      wait: async () => {},
    })
    await expectStatus(202, send('DELETE /api/v1/repositories/app'))
    await undeleteWhole(store, 'app', undefined, undefined, recorderOf(store).begin('app'))
    expect((await eventsIn(store)).map(line).sort()).toEqual(['delete app', 'undelete app'])
  })
})

test('what a record says', async () => {
  const { store, send } = await open()
  const signature = imageOf([], { subject: descriptorOf(OCI_MANIFEST, IMAGE), artifactType: 'a/b' })
  await send('PUT /v2/app/manifests/v9', signature.bytes, {
    'Content-Type': OCI_MANIFEST,
    'User-Agent': 'x'.repeat(1000),
    Host: 'registry.example:5000',
  })
  const [event, ...others] = await eventsIn(store)
  expect(others).toEqual([])
  expect(event).toMatchObject({
    version: 1,
    action: 'push',
    repository: 'app',
    target: {
      mediaType: OCI_MANIFEST,
      digest: signature.sha256,
      size: signature.bytes.byteLength,
      artifactType: 'a/b',
      tag: 'v9',
      references: [{ digest: CONFIG.sha256, size: CONFIG.bytes.byteLength }],
    },
    request: { method: 'PUT', userAgent: 'x'.repeat(256), id: expect.any(String) },
  })
  expect(event).not.toHaveProperty('actor')
  expect(Math.abs(Date.now() - event!.at)).toBeLessThan(60_000)
})

describe('where nobody wants', () => {
  for (const [what, unwanted, expected] of [
    ['pushes of a repository', ({ repository }: EventRecord) => repository === 'new', []],
    ['moves', ({ action }: EventRecord) => action === 'tag', ['push new :v1 @IMAGE']],
    ['pushes, but moves', ({ action }: EventRecord) => action === 'push', []],
  ] as const) {
    test(`${what}, they are not recorded`, async () => {
      const { store } = await open()
      const wanted = {
        wants: (event: object) => !unwanted(event as EventRecord),
        references: false,
      }
      const send = await clientOf(store, { events: recorderOf(store, wanted) })
      const before = await clientOf(store)
      for (const each of [CONFIG, LAYER]) await pushAtOnce(before, 'new', each)
      await pushManifest(send, 'new', 'v1', IMAGE)
      const events = await eventsIn(store)
      expect(events.filter(({ action }) => action === 'push').map(line)).toEqual(expected)
      expect(events[0]?.target?.references).toBeUndefined()
    })
  }
})

describe('where nothing can be recorded, nothing happens', () => {
  const failing = (store: ObjectStore): ObjectStore =>
    intercept(store, ({ operation, args }, proceed) => {
      if (operation === 'put' && String(args[0]).startsWith(OUTBOX)) {
        throw new StoreError('unavailable', 'no outbox')
      }
      return proceed()
    })
  for (const [what, work, left] of [
    [
      'a push by tag',
      (send: Send) =>
        send('PUT /v2/app/manifests/v2', IMAGE.bytes, { 'Content-Type': OCI_MANIFEST }),
      'GET /v2/app/manifests/v2',
    ],
    [
      'a mount',
      (send: Send) => send(`POST /v2/new/blobs/uploads/?mount=${LAYER.sha256}&from=app`),
      `HEAD /v2/new/blobs/${LAYER.sha256}`,
    ],
    [
      'a push of a blob',
      (send: Send) => send(`POST /v2/new/blobs/uploads/?digest=${LAYER.sha256}`, LAYER.bytes),
      `HEAD /v2/new/blobs/${LAYER.sha256}`,
    ],
  ] as const) {
    test(what, async () => {
      const { store, send } = await open(failing)
      await expectStatus(503, work(send))
      await expectStatus(404, (await clientOf(store))(left))
    })
  }

  for (const [what, target] of [
    ['a tag', 'manifests/v1'],
    ['a manifest', `manifests/${IMAGE.sha256}`],
    ['a blob', `blobs/${LAYER.sha256}`],
  ] as const) {
    test(`a delete of ${what}`, async () => {
      const { store, send } = await open(failing)
      await expectStatus(503, send(`DELETE /v2/app/${target}`))
      await expectStatus(200, (await clientOf(store))(`HEAD /v2/app/${target}`))
    })
  }
})
