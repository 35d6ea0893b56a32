/**
 * What writers do with markers and condemned links, by HTTP, on files and on the strict S3.
 *
 * @module
 */

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { CLAIM, REQUEST } from '../../../functions/registry/clean-up/bounds.ts'
import {
  type MarkerState,
  newNonce,
  readMarker,
  writeMarker,
} from '../../../functions/registry/clean-up/marker.ts'
import {
  dataKey,
  layerLinkKey,
  markerKey,
  revisionLinkKey,
} from '../../../functions/registry/layout.ts'
import { parseLink, writeLink } from '../../../functions/registry/links.ts'
import { OCI_INDEX } from '../../../functions/registry/media-types.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import { readAll } from '../../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { blob, CONFIG, type Content, imageOf, indexOf } from '../../support/hosts/content.ts'
import { clientOf, expectStatus, locationOf, type Send } from '../../support/rig/client.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { begin, pushAsDocker, pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { STORES } from '../../support/rig/stores.ts'

const HOUR = 60 * 60_000

/** Every way to make a blob of a repository, and what each is told where it cannot. */
const WAYS: Readonly<Record<string, (send: Send, content: Content) => Promise<number>>> = {
  'POST with digest': async (send, { bytes, sha256 }) =>
    (await send(`POST /v2/new/blobs/uploads/?digest=${sha256}`, bytes)).status,
  PATCH: async (send, { bytes, sha256 }) => {
    const begun = await begin(send, 'new')
    // Its bytes land under their digest, so it is told already what the PUT would be.
    const patched = await send(`PATCH ${locationOf(begun)}`, bytes)
    if (patched.status !== 202) return patched.status
    return (await send(`PUT ${locationOf(patched, `digest=${sha256}`)}`)).status
  },
  mount: async (send, { sha256 }) =>
    (await send(`POST /v2/new/blobs/uploads/?mount=${sha256}&from=old`)).status,
  'mount from anywhere': async (send, { sha256 }) =>
    (await send(`POST /v2/new/blobs/uploads/?mount=${sha256}`)).status,
  'mount by sha512': async (send, { sha512 }) =>
    (await send(`POST /v2/new/blobs/uploads/?mount=${sha512}&from=old`)).status,
}
const MOUNTS = Object.keys(WAYS).filter((way) => way.startsWith('mount'))

let count = 0

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)
    const clock = { now: 0 }
    beforeEach(() => {
      clock.now = Date.now()
    })
    const instance = (over: ObjectStore = store): Promise<Send> =>
      clientOf(over, { cleanUp: true, now: () => clock.now })

    /** A blob that only `old` has. */
    const known = async (): Promise<Content> => {
      const content = blob(`known ${count++}`, 100)
      const { sha512 } = content
      await pushAtOnce(await instance(), 'old', content)
      const target = `/v2/old/blobs/uploads/?digest=${sha512}`
      await expectStatus(201, (await instance())(`POST ${target}`, content.bytes))
      return content
    }

    const mark = async (target: Digest, state: MarkerState, version?: string): Promise<void> => {
      const marker = { state, nonce: newNonce(), ...(version === undefined ? {} : { version }) }
      await writeMarker(store, target, marker, { ifNoneMatch: '*' })
    }

    const stateOf = async (target: Digest): Promise<string | undefined> =>
      (await readMarker(store, target, () => {}))?.marker?.state

    const isLinked = async ({ sha256 }: Content): Promise<boolean> =>
      (await store.head(layerLinkKey('new', sha256))) !== undefined

    const versionOf = async ({ sha256 }: Content): Promise<string | undefined> =>
      (await store.head(dataKey(sha256)))?.version

    describe.each(Object.entries(WAYS))('%s', (way, make) => {
      const isMount = MOUNTS.includes(way)
      /** What a client is told that has to come again, or has to send the bytes. */
      const later = isMount ? 202 : 503

      test('no marker: linked, and none is written', async () => {
        const content = await known()
        expect(await make(await instance(), content)).toBe(201)
        expect(await store.head(markerKey(content.sha256))).toBeUndefined()
      })

      test('condemned: rescued before it is linked', async () => {
        const content = await known()
        await mark(content.sha256, 'condemned')
        const order: string[] = []
        const over = intercept(store, ({ operation, args }, proceed) => {
          const key = String(args[0])
          if (operation === 'put' && key === markerKey(content.sha256)) order.push('marker')
          if (operation === 'put' && key.startsWith(layerLinkKey('new', content.sha256))) {
            order.push('link')
          }
          return proceed()
        })
        expect(await make(await instance(over), content)).toBe(201)
        expect(await stateOf(content.sha256)).toBe('rescued')
        expect(order).toEqual(['marker', 'link'])
      })

      test('rescued: linked, and it stays', async () => {
        const content = await known()
        await mark(content.sha256, 'rescued')
        expect(await make(await instance(), content)).toBe(201)
        expect(await stateOf(content.sha256)).toBe('rescued')
      })

      test('claimed: not linked, and the claim stays', async () => {
        const content = await known()
        await mark(content.sha256, 'claimed')
        expect(await make(await instance(), content)).toBe(later)
        expect(await isLinked(content)).toBe(false)
        expect(await stateOf(content.sha256)).toBe('claimed')
      })

      test('claimed by somebody who has died: given up, and then linked', async () => {
        const content = await known()
        await mark(content.sha256, 'claimed')
        clock.now += CLAIM + HOUR
        expect(await make(await instance(), content)).toBe(201)
        expect(await stateOf(content.sha256)).toBe('gone')
      })

      test('gone, and there: linked', async () => {
        const content = await known()
        await mark(content.sha256, 'gone')
        expect(await make(await instance(), content)).toBe(201)
      })

      test('gone, also right after it was seen: written again, or not linked', async () => {
        const content = await known()
        await mark(content.sha256, 'gone')
        // The delete lands between what is done in the first step and the look that follows.
        const over = intercept(store, async ({ operation, args }, proceed) => {
          const result = await proceed()
          if (operation === 'get' && args[0] === markerKey(content.sha256)) {
            await settle()
            await store.delete([dataKey(content.sha256)])
          }
          return result
        })
        // After a PATCH, the commit has no bytes to write again.
        const isWritten = !isMount && way !== 'PATCH'
        const told = isMount ? 202 : 404
        expect(await make(await instance(over), content)).toBe(isWritten ? 201 : told)
        expect(await isLinked(content)).toBe(isWritten)
        const there = (await store.head(dataKey(content.sha256))) !== undefined
        expect(there).toBe(isWritten)
      })

      test('this version is being deleted: what is written anew is linked, and else nothing', async () => {
        const content = await known()
        const version = (await versionOf(content)) ?? 'v0'
        await mark(content.sha256, 'claimed', version)
        const answer = await make(await instance(), content)
        const tells = (await versionOf(content)) !== undefined
        if (isMount && tells) expect(answer).toBe(202)
        else expect(answer).toBe(201)
        expect(await stateOf(content.sha256)).toBe('claimed')
        if (answer === 201 && tells) expect(await versionOf(content)).not.toBe(version)
      })

      test('another version is being deleted: linked', async () => {
        const content = await known()
        await mark(content.sha256, 'claimed', 'another')
        expect(await make(await instance(), content)).toBe(201)
      })

      test('damaged: as a claim, reported, and given up when it is old', async () => {
        const content = await known()
        await store.put(markerKey(content.sha256), Buffer.from('forgiven'))
        expect(await make(await instance(), content)).toBe(later)
        expect(await isLinked(content)).toBe(false)
        clock.now += CLAIM + HOUR
        expect(await make(await instance(), content)).toBe(201)
        expect(await stateOf(content.sha256)).toBe('gone')
      })

      test('the link is late: marker and data are looked at again first', async () => {
        const content = await known()
        let held = 0
        let looks = 0
        const over = intercept(store, async ({ operation, args }, proceed) => {
          const key = String(args[0])
          if (operation === 'get' && key === markerKey(content.sha256)) looks += 1
          if (operation === 'put' && key === layerLinkKey('new', content.sha256)) {
            if (held++ === 0) clock.now += REQUEST
          }
          return proceed()
        })
        expect(await make(await instance(over), content)).toBe(201)
        expect([held, looks]).toEqual([2, way === 'PATCH' ? 3 : 2])
      })

      test('the link is late, and the data is gone: nothing is linked', async () => {
        const content = await known()
        const over = intercept(store, async ({ operation, args }, proceed) => {
          const key = String(args[0])
          if (operation === 'put' && key === layerLinkKey('new', content.sha256)) {
            clock.now += REQUEST
            await store.delete([dataKey(content.sha256)])
          }
          return proceed()
        })
        expect(await make(await instance(over), content)).toBe(503)
        expect(await isLinked(content)).toBe(false)
      })
    })

    /** Has the data deleted only when a step's other operations are done, as far as one can tell. */
    const settle = () => new Promise((resolve) => setTimeout(resolve, 50))

    describe('a condemned link', () => {
      const plain = async (key: string): Promise<boolean> => {
        const read = await store.get(key)
        const body = read && parseLink(await readAll(read.body, 1000))
        return (
          body !== undefined && body.condemned === undefined && body.deletedWithin === undefined
        )
      }

      const condemned = async (cleanUp: boolean) => {
        const content = blob(`condemned ${count++}`, 100)
        const send = await clientOf(store, { cleanUp, now: () => clock.now })
        for (const each of [CONFIG, content]) await pushAtOnce(send, 'app', each)
        const key = layerLinkKey('app', content.sha256)
        await writeLink(store, key, content.sha256, { size: 100, condemned: newNonce() })
        const fresh = await clientOf(store, { cleanUp, now: () => clock.now })
        return { content, key, send: fresh }
      }

      for (const cleanUp of [true, false]) {
        describe(cleanUp ? 'with a clean-up' : 'without', () => {
          test('GET and mounts take it for a link, and leave it', async () => {
            const { content, key, send } = await condemned(cleanUp)
            await expectStatus(200, send(`GET /v2/app/blobs/${content.sha256}`))
            const target = `/v2/new/blobs/uploads/?mount=${content.sha256}&from=app`
            await expectStatus(201, send(`POST ${target}`))
            expect(await plain(key)).toBe(false)
          })

          test('HEAD makes it plain', async () => {
            const { content, key, send } = await condemned(cleanUp)
            await expectStatus(200, send(`HEAD /v2/app/blobs/${content.sha256}`))
            expect(await plain(key)).toBe(true)
          })

          test('so does HEAD after a GET on the same instance', async () => {
            const { content, key, send } = await condemned(cleanUp)
            await expectStatus(200, send(`GET /v2/app/blobs/${content.sha256}`))
            await expectStatus(200, send(`HEAD /v2/app/blobs/${content.sha256}`))
            expect(await plain(key)).toBe(true)
          })

          test('HEAD of one that is swept meanwhile is 404', async () => {
            const { content, key } = await condemned(cleanUp)
            const over = intercept(store, async ({ operation, args }, proceed) => {
              if (operation === 'put' && args[0] === key) await store.delete([key])
              return proceed()
            })
            const send = await clientOf(over, { cleanUp })
            await expectStatus(404, send(`HEAD /v2/app/blobs/${content.sha256}`))
            expect(await store.head(key)).toBeUndefined()
          })

          test('a manifest that refers to it makes it plain', async () => {
            const { content, key, send } = await condemned(cleanUp)
            await pushManifest(send, 'app', 'v1', imageOf([content]))
            expect(await plain(key)).toBe(true)
          })

          test('a manifest that refers to one that is swept meanwhile is refused', async () => {
            const { content, key } = await condemned(cleanUp)
            const over = intercept(store, async ({ operation, args }, proceed) => {
              if (operation === 'put' && args[0] === key) await store.delete([key])
              return proceed()
            })
            const send = await clientOf(over, { cleanUp })
            const { bytes } = imageOf([content])
            await expectStatus(400, send('PUT /v2/app/manifests/v2', bytes))
          })

          test('an index makes the link of its image plain', async () => {
            const { content, send } = await condemned(cleanUp)
            const image = imageOf([content])
            await pushManifest(send, 'app', 'v3', image)
            const key = revisionLinkKey('app', image.sha256)
            await writeLink(store, key, image.sha256, { condemned: newNonce() })
            const fresh = await clientOf(store, { cleanUp })
            await expectStatus(200, fresh(`GET /v2/app/manifests/${image.sha256}`))
            expect(await plain(key)).toBe(false)
            const list = indexOf([image])
            await pushManifest(fresh, 'app', 'list', list, OCI_INDEX)
            expect(await plain(key)).toBe(true)
          })

          test('it can be deleted', async () => {
            const { content, key, send } = await condemned(cleanUp)
            await expectStatus(202, send(`DELETE /v2/app/blobs/${content.sha256}`))
            expect(await store.head(key)).toBeUndefined()
          })
        })
      }

      test('where nothing may be written, HEAD says that it is there', async () => {
        const { content, key } = await condemned(false)
        const send = await clientOf(store, { onlyReads: true, readOnly: true })
        await expectStatus(200, send(`HEAD /v2/app/blobs/${content.sha256}`))
        expect(await plain(key)).toBe(false)
      })
    })

    describe('a manifest', () => {
      const push = async (over: ObjectStore, image: Content, reference = 'm') => {
        const send = await instance(over)
        await pushAsDocker(send, 'app', CONFIG)
        return send(`PUT /v2/app/manifests/${reference}`, image.bytes)
      }

      test('claimed bytes: 503 with Retry-After, and neither link nor tag', async () => {
        const image = imageOf([], { annotations: { at: `${count++}` } })
        await mark(image.sha256, 'claimed')
        const { status, headers } = await push(store, image, 'claimed')
        expect([status, headers.get('Retry-After')]).toEqual([503, '2'])
        expect(await store.head(revisionLinkKey('app', image.sha256))).toBeUndefined()
      })

      test('condemned bytes are rescued', async () => {
        const image = imageOf([], { annotations: { at: `${count++}` } })
        await mark(image.sha256, 'condemned')
        expect((await push(store, image)).status).toBe(201)
        expect(await stateOf(image.sha256)).toBe('rescued')
      })

      test.each(['revisions', 'tags'])('it takes too long until its %s: 503', async (part) => {
        const image = imageOf([], { annotations: { at: `${count++}` } })
        const over = intercept(store, async ({ operation, args }, proceed) => {
          const key = String(args[0])
          if (operation === 'put' && key.includes(`/_manifests/${part}/`)) clock.now += REQUEST
          return proceed()
        })
        expect((await push(over, image, `late-${part}`)).status).toBe(503)
        expect((await (await instance())(`GET /v2/app/manifests/late-${part}`)).status).toBe(404)
      })
    })
  })
}
