/**
 * Uploads in less memory than they need together: those that stand still give up what they have, and all
 * of them end.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { begin } from '../support/rig/push.ts'
import { type OpenedStore, STORES } from '../support/rig/stores.ts'

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

/** Every way to send a blob, and what ends it. */
const WAYS: Readonly<
  Record<string, (send: Send, blob: Content, body: AsyncIterable<Uint8Array>) => Promise<void>>
> = {
  POST: async (send, { sha256 }, body) => {
    await expectStatus(201, send(`POST /v2/a/blobs/uploads/?digest=${sha256}`, body))
  },
  PUT: async (send, { sha256 }, body) => {
    const put = locationOf(await begin(send, 'a'), `digest=${sha256}`)
    await expectStatus(201, send(`PUT ${put}`, body))
  },
  PATCH: async (send, { sha256 }, body) => {
    const patch = locationOf(await begin(send, 'a'))
    const patched = await expectStatus(202, send(`PATCH ${patch}`, body))
    await expectStatus(201, send(`PUT ${locationOf(patched, `digest=${sha256}`)}`))
  },
  'PATCH with ranges': async (send, { bytes, sha256 }, body) => {
    const patch = locationOf(await begin(send, 'a'))
    const first = bytes.subarray(0, 1000)
    const range = { 'Content-Range': '0-999' }
    const begun = await expectStatus(202, send(`PATCH ${patch}`, first, range))
    const rest = skip(body, 1000)
    const next = { 'Content-Range': `1000-${bytes.length - 1}` }
    const patched = await expectStatus(202, send(`PATCH ${locationOf(begun)}`, rest, next))
    await expectStatus(201, send(`PUT ${locationOf(patched, `digest=${sha256}`)}`))
  },
}

/** How many segments are staged in any case before the honest push has ended. */
const anyway = (way: string, count: number): number => {
  if (!way.startsWith('PATCH')) return 0
  return way === 'PATCH' ? 1 : count + 2
}

/** A body without its first bytes, which must be in its first chunk. */
async function* skip(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of body) {
    yield chunk.subarray(left)
    left = 0
  }
}

/** A blob's bytes, which stand still at nine tenths until they may go on. */
async function* halting({ bytes }: Content, going: Promise<void>): AsyncGenerator<Uint8Array> {
  const halt = Math.floor(bytes.length * 0.9)
  for (let at = 0; at < halt; at += 64 * KIBIBYTE) {
    yield bytes.subarray(at, Math.min(at + 64 * KIBIBYTE, halt))
  }
  await going
  yield bytes.subarray(halt)
}

for (const [name, open] of STORES) {
  describe(name, () => {
    let opened: OpenedStore
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened.close())

    /** A client of a registry with little memory, and how often it has staged something. */
    const clientWith = async (uploadMemory: number) => {
      const counts = { staged: 0 }
      const store = intercept(opened.store, (call, proceed) => {
        const [key] = call.args
        if (call.operation === 'put' && /uploads\/[^/]+\/\d+-/.test(String(key))) counts.staged += 1
        return proceed()
      })
      const secret = await uploadSecret(store)
      const registry = createRegistry({ store, uploadSecret: async () => secret, uploadMemory })
      return { counts, send: await clientOf(store, { registry }) }
    }

    test('manifests that stand still are given up when another needs the memory', async () => {
      const { send } = await clientWith(4 * MEBIBYTE)
      const { promise: going, resolve: go } = Promise.withResolvers<void>()
      const type = { 'Content-Type': OCI_MANIFEST }
      const put = (at: number) =>
        send(`PUT /v2/a/manifests/m${at}`, halting(blob(`m${at}`, 900 * KIBIBYTE), going), type)
      const puts = Array.from({ length: 4 }, (_, at) => put(at))
      const honest = blob('honest beside manifests', 3 * MEBIBYTE)
      await WAYS.POST?.(send, honest, halting(honest, Promise.resolve()))
      const first = await Promise.race(puts)
      expect([first.status, codeOf(first)]).toEqual([408, 'UNAVAILABLE'])
      go()
      const statuses = (await Promise.all(puts)).map(({ status }) => status)
      expect(statuses.filter((status) => status !== 408 && status !== 400)).toEqual([])
    })

    const SIZES = [
      ['of less than a part', 700 * KIBIBYTE, 512 * KIBIBYTE, 6],
      ['of more than a part', 14 * MEBIBYTE, 13 * MEBIBYTE, 2],
    ] as const
    for (const [what, size, memory, count] of SIZES) {
      for (const [way, push] of Object.entries(WAYS)) {
        // A few of these show what the others do, too.
        if (size > MEBIBYTE && way !== 'POST' && way !== 'PATCH') continue
        test(`${count} blobs ${what} by ${way} that stand still let another pass, and end`, async () => {
          const { counts, send } = await clientWith(memory)
          const { promise: going, resolve: go } = Promise.withResolvers<void>()
          const blobs = Array.from({ length: count }, (_, at) => blob(`${way} ${at}`, size))
          const pushes = blobs.map((each) => push(send, each, halting(each, going)))
          const honest = blob(`${way}, honest`, size)
          await push(send, honest, halting(honest, Promise.resolve()))
          expect(counts.staged).toBeGreaterThan(anyway(way, count))
          go()
          await Promise.all(pushes)
          for (const { sha256, bytes } of [...blobs, honest]) {
            const pulled = await expectStatus(200, send(`GET /v2/a/blobs/${sha256}`))
            expect(pulled.body.equals(bytes)).toBe(true)
          }
          await checkStore(opened.store)
          expect(await allObjects(opened.store, 'slipway/v1/uploads/')).toEqual([])
        })
      }
    }
  })
}
