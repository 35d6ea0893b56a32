/**
 * Staged bytes that are overwritten in the store between the requests of an upload, by others of the same
 * size: whatever way they take to their digest, nothing wrong is ever found under it.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { dataKey, UPLOADS_PREFIX } from '../../functions/registry/layout.ts'
import { createStateSealer, type UploadState } from '../../functions/registry/uploads/state.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { begin, inChunks } from '../support/rig/push.ts'
import type { STORES } from '../support/rig/stores.ts'

/** More than a part. */
const LARGE = 13 * 1024 * 1024

/** A way to push a blob. */
export interface Way {
  readonly title: string
  readonly bytes: number
  /** Where each PATCH with a Content-Range ends; none: one PATCH without, whose bytes are not staged if they fit into a part. */
  readonly chunks?: readonly number[]
  /** Bytes that come with the PUT. */
  readonly last?: number
  /** Whether all that the commit needs is in parts. */
  readonly inParts?: boolean
}

export const SMALL_WAYS: readonly Way[] = [
  { title: 'one chunk, copied', bytes: 1000, chunks: [1000] },
  { title: 'two chunks, read', bytes: 1000, chunks: [400, 1000] },
  { title: 'more chunks than a state names', bytes: 2000, chunks: range(100, 2000, 100) },
  { title: 'a chunk and the rest, read', bytes: 1000, chunks: [400], last: 600 },
]

export const LARGE_WAYS: readonly Way[] = [
  { title: 'a chunk and more than a part', bytes: LARGE + 400, chunks: [400], last: LARGE },
  { title: 'one PATCH of more than a part', bytes: LARGE, inParts: true },
  { title: 'chunks of more than a part', bytes: LARGE, chunks: [400, LARGE] },
]

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, at) => from + at * step)
}

/** Sends all but the PUT. */
const stageBlob = async (
  send: Send,
  name: string,
  { bytes }: Content,
  way: Way,
): Promise<Answer> => {
  let latest = await begin(send, name)
  if (way.chunks === undefined) {
    return expectStatus(202, send(`PATCH ${locationOf(latest)}`, inChunks(bytes)))
  }
  let from = 0
  for (const to of way.chunks) {
    latest = await expectStatus(
      202,
      send(`PATCH ${locationOf(latest)}`, bytes.subarray(from, to), {
        'Content-Range': `${from}-${to - 1}`,
        'Content-Length': String(to - from),
      }),
    )
    from = to
  }
  return latest
}

const commitBlob = (
  send: Send,
  at: string,
  { bytes, sha256 }: Content,
  way: Way,
): Promise<Answer> =>
  send(
    `PUT ${at}${at.includes('?') ? '&' : '?'}digest=${sha256}`,
    way.last === undefined ? undefined : bytes.subarray(-way.last),
  )

/** Overwrites what is staged by other bytes of the same size. */
const overwrite = async (store: ObjectStore): Promise<number> => {
  const staged = await allObjects(store, UPLOADS_PREFIX)
  for (const { key, size } of staged) await store.put(key, Buffer.alloc(size, 'x'))
  return staged.length
}

/** The same upload as version 1.0 knew it: its states do not say which versions the segments are. */
const asBefore = async (store: ObjectStore, at: string, name: string): Promise<string> => {
  const url = new URL(at, 'http://registry')
  const secret = await uploadSecret(store)
  const sealer = createStateSealer(async () => secret, Date.now)
  const uuid = url.pathname.split('/').at(-1) ?? ''
  const state = await sealer.open(url.searchParams.get('_state') ?? '', name, uuid)
  const segments = state.segments.map(({ etag: _, ...same }) => same)
  const old: UploadState = { ...state, segments }
  url.searchParams.set('_state', await sealer.seal(old))
  return url.pathname + url.search
}

/** Declares the tests for a kind of store. */
export const overwrittenUploads = (
  [kind, open]: (typeof STORES)[number],
  ways: readonly Way[],
): void => {
  describe(`${kind}: staged bytes are overwritten`, async () => {
    const { store, close } = await open()
    afterAll(close)
    let count = 0

    const fresh = (way: Way) => {
      count += 1
      return { name: `app${count}`, content: blob(`${kind} ${count}`, way.bytes) }
    }

    describe.each(ways)('$title', (way) => {
      test.each([false, true])('between the requests; state of version 1.0: %s', async (old) => {
        const send = await clientOf(store)
        const { name, content } = fresh(way)
        const staged = locationOf(await stageBlob(send, name, content, way))
        const at = old ? await asBefore(store, staged, name) : staged
        expect(await overwrite(store)).toBeGreaterThan(0)
        const answer = await commitBlob(send, at, content, way)
        if (way.inParts) expect(answer.status).toBe(201)
        else expect(answer.status, codeOf(answer)).toBeOneOf([400, 404])
        await checkStore(store)
        // The client starts over.
        const again = locationOf(await stageBlob(send, name, content, way))
        await expectStatus(201, commitBlob(send, again, content, way))
        await checkStore(store)
      })

      test('not at all: a state of version 1.0 stays valid', async () => {
        const send = await clientOf(store)
        const { name, content } = fresh(way)
        const staged = locationOf(await stageBlob(send, name, content, way))
        await expectStatus(201, commitBlob(send, await asBefore(store, staged, name), content, way))
        await checkStore(store)
      })

      test('at the last moment, before the store copies them', async () => {
        let copies = 0
        const spoiled = intercept(store, async ({ operation, args }, proceed) => {
          if (operation === 'copy') {
            copies += 1
            const [from, , size] = args as [string, string, number]
            await store.put(from, Buffer.alloc(size, 'x'))
          }
          return proceed()
        })
        const send = await clientOf(spoiled)
        const { name, content } = fresh(way)
        const staged = locationOf(await stageBlob(send, name, content, way))
        const answer = await commitBlob(send, staged, content, way)
        expect(answer.status, codeOf(answer)).toBe(copies > 0 ? 404 : 201)
        expect((await store.head(dataKey(content.sha256))) === undefined).toBe(copies > 0)
        await checkStore(store)
      })
    })
  })
}
