/**
 * What deletes take off a count at once: what only the deleted image has noted, if none of its pushes can still write a
 * link or a tag. The explorer runs the same in all orders: test/interleavings.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import { QUOTAS_KEY, quotaKey, revisionLinkKey } from '../../../functions/registry/layout.ts'
import { claimOf } from '../../../functions/registry/quotas/claims.ts'
import { formatCount, parseCount } from '../../../functions/registry/quotas/count-format.ts'
import {
  bytesIn,
  type Count,
  lowered,
  NOTHING,
  raised,
  SETTLED,
} from '../../../functions/registry/quotas/counter.ts'
import { type Digest, parseReference } from '../../../functions/registry/reference.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import type { LastCalls } from '../../../functions/storage/store.ts'
import { createModel } from '../../interleavings/model.ts'
import { blob, CONFIG, type Content, imageOf } from '../../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../../support/rig/client.ts'
import { intercept, type StoreCall } from '../../support/rig/intercept.ts'
import { pushAtOnce } from '../../support/rig/push.ts'
import { SERVICES } from '../clean-up/world.ts'
import { countedBy, quotasOf, truthOf } from './truth.ts'

const { text, quotas } = quotasOf({ repositories: ['team/**'], hard: '40 kB' })
const [quota] = quotas.all
const LAYERS = Array.from({ length: 6 }, (_, at) => blob(`deleted ${at}`, 1000 * 2 ** at))
const [A, B] = LAYERS.map((layer) => imageOf([layer])) as [Content, Content]

type Around = (call: StoreCall, proceed: () => Promise<unknown>) => Promise<unknown>

/** A store with blobs, and processes on it. */
const open = async () => {
  const model = createModel(SERVICES[0]![1])
  await model.store.put(QUOTAS_KEY, Buffer.from(text))
  const process = (around: Around = (_, proceed) => proceed()): Promise<Send> =>
    clientOf(intercept(model.store, around), {
      now: () => model.clock.now,
      undeletes: true,
      quotas: async () => quotas,
      wait: async () => {},
    })
  const send = await process()
  for (const name of ['team/a', 'team/b']) {
    for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(send, name, each)
  }
  return {
    ...model,
    send,
    process,
    /** The count, which must not be less than what is linked. */
    counted: async (): Promise<number> => {
      const count = await countedBy(model.store, quota!)
      expect(count).toBeGreaterThanOrEqual((await truthOf(model.store, quotas)).get(quota!) ?? 0)
      return count
    },
  }
}

const put = (send: Send, { bytes }: Content, target: string) =>
  send(`PUT /v2/${target}`, bytes, { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' })
const push = (send: Send, image: Content, name = 'team/a', reference: string = image.sha256) =>
  expectStatus(201, put(send, image, `${name}/manifests/${reference}`))
const remove = (send: Send, image: Content, name = 'team/a') =>
  expectStatus(202, send(`DELETE /v2/${name}/manifests/${image.sha256}`))

/** Bytes of images that have their config in common. */
const bytesOf = (
  ...images: readonly { readonly image: Content; readonly layer: number }[]
): number =>
  images.reduce(
    (sum, { image, layer }) => sum + image.bytes.byteLength + LAYERS[layer]!.bytes.byteLength,
    images.length === 0 ? 0 : CONFIG.bytes.byteLength,
  )
const ONLY_A = bytesOf({ image: A, layer: 0 })

describe('the process that pushed takes off', () => {
  test('an image that is deleted right after its push, and counts it again when it is back', async () => {
    const { send, counted } = await open()
    await push(send, A)
    await push(send, B, 'team/a', 'v1')
    const both = bytesOf({ image: A, layer: 0 }, { image: B, layer: 1 })
    expect(await counted()).toBe(both)
    for (let round = 0; round < 2; round++) {
      await remove(send, B)
      // The config is of both.
      expect(await counted()).toBe(ONLY_A)
      await push(send, B, 'team/a', 'v1')
      expect(await counted()).toBe(both)
    }
  })

  test('so that what was refused has room', async () => {
    const { send, counted } = await open()
    const large = imageOf([LAYERS[5]!])
    await push(send, large)
    await expectStatus(403, put(send, imageOf([LAYERS[4]!]), 'team/b/manifests/v1'))
    await remove(send, large)
    const refused = imageOf([LAYERS[4]!])
    await push(send, refused, 'team/b', 'v1')
    await remove(send, refused, 'team/b')
    expect(await counted()).toBe(0)
  })

  test('an image with several tags', async () => {
    const { send, counted } = await open()
    for (const tag of ['v1', 'v1.0', 'latest']) await push(send, A, 'team/a', tag)
    await remove(send, A)
    expect(await counted()).toBe(0)
  })

  test('an image of two repositories with the second of them', async () => {
    const { send, counted } = await open()
    for (const name of ['team/a', 'team/b']) await push(send, A, name)
    await remove(send, A)
    expect(await counted()).toBe(ONLY_A)
    await remove(send, A, 'team/b')
    expect(await counted()).toBe(0)
  })

  test('an image, but not what more than four need', async () => {
    const { send, counted } = await open()
    const images = Array.from({ length: 5 }, (_, at) =>
      imageOf([LAYERS[0]!], { annotations: { at: String(at) } }),
    )
    for (const each of images) await push(send, each)
    for (const each of images) await remove(send, each)
    expect(await counted()).toBe(bytesOf({ image: A, layer: 0 }) - A.bytes.byteLength)
  })
})

describe('nothing is taken off', () => {
  test('by another process, before the pushes must have landed', async () => {
    const { send, process, counted, clock } = await open()
    await push(send, A)
    await push(send, B)
    const other = await process()
    const before = await counted()
    await remove(other, A)
    expect(await counted()).toBe(before)
    clock.now += SETTLED + 1
    await remove(other, B)
    expect(await counted()).toBe(ONLY_A)
  })

  test('of what another process has pushed, too', async () => {
    const { send, process, counted } = await open()
    await push(send, A)
    await push(await process(), A)
    await remove(send, A)
    expect(await counted()).toBe(ONLY_A)
  })

  test('of what was undeleted meanwhile', async () => {
    const { send, store, clock, counted } = await open()
    await push(send, A)
    await remove(send, A)
    expect(await counted()).toBe(0)
    await undelete(store, 'team/a', parseReference(A.sha256), undefined, () => clock.now)
    expect(await counted()).toBe(ONLY_A)
    await remove(send, A)
    expect(await counted()).toBe(ONLY_A)
  })

  test('of what the same process pushes again while it deletes', async () => {
    const { process, counted } = await open()
    let again: (() => Promise<unknown>) | undefined
    const send = await process(async ({ operation, args: [key] }, proceed) => {
      const result = await proceed()
      if (operation === 'put' && key === revisionLinkKey('team/a', A.sha256 as Digest)) {
        const now = again
        again = undefined
        await now?.()
      }
      return result
    })
    await push(send, A)
    // It is deleted by now, and nothing is taken off yet.
    again = () => push(send, A, 'team/a', 'v1')
    await remove(send, A)
    expect(again).toBeUndefined()
    await expectStatus(200, send('GET /v2/team/a/manifests/v1'))
    expect(await counted()).toBe(ONLY_A)
  })

  test('of what is pushed again, if a read of the count is answered late', async () => {
    const { process, counted } = await open()
    let held: PromiseWithResolvers<void> | undefined
    const read = Promise.withResolvers<void>()
    const send = await process(async ({ operation, args: [key] }, proceed) => {
      const result = await proceed()
      const first = held
      if (first !== undefined && operation === 'get' && key === quotaKey(quota!.id)) {
        held = undefined
        read.resolve()
        await first.promise
      }
      return result
    })
    const large = imageOf([LAYERS[5]!])
    await push(send, large)
    // Of an image that this process does not know: it reads the count.
    await push(await process(), A)
    const late = Promise.withResolvers<void>()
    held = late
    const slow = remove(send, A)
    await read.promise
    await remove(send, large)
    late.resolve()
    await slow
    await push(send, large)
    await counted()
  })

  test.each([false, true])(
    'late, if the write had no answer; a push beside it: %s',
    async (beside) => {
      const { process, counted } = await open()
      let late: (() => Promise<unknown>) | undefined
      let [away, pushing] = [false, Promise.resolve<unknown>(undefined)]
      const send: Send = await process(async ({ operation, args: [key] }, proceed) => {
        if (!away || operation !== 'put' || key !== quotaKey(quota!.id)) return proceed()
        away = false
        late = proceed
        if (beside) pushing = push(send, A)
        // It waits for the same write.
        for (let turns = 0; turns < 50; turns++) await nextTurn()
        throw new StoreError('unavailable', 'no answer')
      })
      await push(send, A)
      away = true
      await remove(send, A)
      await pushing
      if (!beside) await push(send, A)
      await late?.().catch(() => {})
      expect(await counted()).toBe(ONLY_A)
    },
  )

  const WRITES = ['revision', 'tag'] as const
  test.each(WRITES)(
    'of a push whose %s was sent more than once, or had no answer',
    async (what) => {
      const marks = { revision: '/_manifests/revisions/', tag: '/_manifests/tags/' }
      for (const fails of [false, true]) {
        const { process, counted, store, clock } = await open()
        let armed = true
        const send = await process(async ({ operation, args: [key] }, proceed) => {
          const hit = armed && operation === 'put' && String(key).includes(marks[what])
          const result = await proceed()
          if (!hit) return result
          armed = false
          if (fails) throw new StoreError('unavailable', 'no answer')
          const calls = store.lastCalls as LastCalls
          calls.resent += 1
          return result
        })
        await expectStatus(fails ? 503 : 201, put(send, A, 'team/a/manifests/v1'))
        await remove(send, A)
        expect(await counted()).toBe(ONLY_A)
        await push(send, B)
        clock.now += SETTLED + 1
        await remove(send, B)
        expect(await counted()).toBe(ONLY_A)
      }
    },
  )

  test('where the count cannot be written: the delete is one all the same', async () => {
    const { process, counted } = await open()
    let away = false
    const send = await process(({ operation, args: [key] }, proceed) => {
      if (away && operation === 'put' && key === quotaKey(quota!.id)) {
        throw new StoreError('unavailable', 'no answer')
      }
      return proceed()
    })
    await push(send, A)
    away = true
    await remove(send, A)
    await expectStatus(404, send(`GET /v2/team/a/manifests/${A.sha256}`))
    expect(await counted()).toBe(ONLY_A)
  })
})

test('of hundreds of images, none is taken off that was forgotten and came back, and the count stays small', () => {
  const digestOf = (at: number) => `sha256:${String(at).padStart(8, '0').padEnd(64, '0')}` as Digest
  const claim = (at: number) => ({ id: claimOf('team/a', digestOf(at)), writer: 'w' })
  const NOW = 1e12
  let count: Count = NOTHING
  const push = (at: number, now: number): void => {
    const things = [{ digest: digestOf(at), size: 1000, linked: 'soon' as const }]
    count = raised(count, things, claim(at), NOW + now).count
  }
  for (let at = 0; at < 900; at++) push(at, at)
  push(0, 900)
  const leave = (at: number): void => {
    count = lowered(count, { ...claim(at), began: NOW + 1000 })
  }
  leave(0)
  expect(bytesIn(count)).toBe(900_000)
  leave(899)
  expect(bytesIn(count)).toBe(899_000)
  expect(formatCount(count).byteLength).toBeLessThan(100_000)
  expect(parseCount(formatCount(count))).toEqual(count)
})

test('a count of before images were told apart is read: nothing is taken off it', () => {
  const since = [['AAAAAAAAAAAAAAAAAAAAAA', 10, 1, 1, 1]]
  const count = parseCount(Buffer.from(JSON.stringify({ version: 1, since, hours: [] })))
  expect(count.since.get('AAAAAAAAAAAAAAAAAAAAAA')?.by).toBeUndefined()
  expect(count.claims.size).toBe(0)
})
