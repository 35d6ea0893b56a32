/**
 * Immutable tags: what is refused, by which way it comes, and what is left of it.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { parseRetention } from '../../functions/registry/retention/parse.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { clientOf, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const RULES = parseRetention(`
version: 1
immutable:
  - repositories: ['frozen/**']
    except: [latest, 'dev-*']
`)

const LAYER = blob('layer', 20)
const ONE = imageOf()
const TWO = imageOf([LAYER])
const JSON_TYPE = { 'Content-Type': OCI_MANIFEST }

for (const [store, open] of STORES) {
  describe(store, async () => {
    const opened = await open()
    afterAll(opened.close)
    let count = 0

    const openClient = (on: ObjectStore = opened.store): Promise<Send> =>
      clientOf(on, { rules: async () => RULES })
    const send = await openClient()

    /** A repository that has ONE as `v1` and `latest`, and what TWO needs. */
    const repository = async (): Promise<string> => {
      const name = `frozen/r${count++}`
      for (const each of [CONFIG, LAYER]) await pushAtOnce(send, name, each)
      for (const tag of ['v1', 'latest']) await pushManifest(send, name, tag, ONE)
      return name
    }
    const put = (name: string, reference: string, image = TWO, headers = {}) =>
      send(`PUT /v2/${name}/manifests/${reference}`, image.bytes, { ...JSON_TYPE, ...headers })
    const tagOf = async (name: string, tag: string) =>
      (await send(`HEAD /v2/${name}/manifests/${tag}`)).headers.get('Docker-Content-Digest')

    const expectRefused = ({ status, body }: Answer, name: string, tag: string): void => {
      const [error] = JSON.parse(body.toString()).errors
      expect({ status, code: error.code }).toEqual({ status: 409, code: 'DENIED' })
      expect(error.message).toContain(`the tag ${tag} of ${name} is immutable`)
      expect(error.message).toContain(ONE.sha256)
      expect(error.detail).toMatchObject({ name, tag, digest: ONE.sha256 })
    }

    test('another digest is refused, and nothing of it can be pulled', async () => {
      const name = await repository()
      expectRefused(await put(name, 'v1'), name, 'v1')
      expect(await tagOf(name, 'v1')).toBe(ONE.sha256)
      expect((await send(`GET /v2/${name}/manifests/${TWO.sha256}`)).status).toBe(404)
    })

    test('the same digest again is 201', async () => {
      const name = await repository()
      expect((await put(name, 'v1', ONE)).status).toBe(201)
      expect((await put(name, 'v1', ONE, { 'If-Match': `"${ONE.sha256}"` })).status).toBe(201)
    })

    test('exceptions and other repositories move', async () => {
      const name = await repository()
      for (const tag of ['latest', 'dev-1', 'dev-1']) {
        expect((await put(name, tag)).status).toBe(201)
        expect(await tagOf(name, tag)).toBe(TWO.sha256)
      }
      for (const each of [CONFIG, LAYER]) await pushAtOnce(send, 'free', each)
      for (const image of [ONE, TWO]) await pushManifest(send, 'free', 'v1', image)
      expect(await tagOf('free', 'v1')).toBe(TWO.sha256)
    })

    test('by ?tag=, none of the tags is set if one is refused', async () => {
      const name = await repository()
      expectRefused(await put(name, `${TWO.sha256}?tag=new&tag=v1`), name, 'v1')
      expect((await send(`GET /v2/${name}/manifests/new`)).status).toBe(404)
      expect((await put(name, `${TWO.sha256}?tag=new&tag=latest`)).status).toBe(201)
    })

    test('with a condition, which is looked at first', async () => {
      const name = await repository()
      expectRefused(await put(name, 'v1', TWO, { 'If-Match': `"${ONE.sha256}"` }), name, 'v1')
      expect((await put(name, 'none', TWO, { 'If-Match': '*' })).status).toBe(412)
      expect((await put(name, 'v1', ONE, { 'If-None-Match': '*' })).status).toBe(412)
      expect((await put(name, 'new', TWO, { 'If-None-Match': '*' })).status).toBe(201)
    })

    test('a delete of the tag is refused, and of one that is not there is 404', async () => {
      const name = await repository()
      expectRefused(await send(`DELETE /v2/${name}/manifests/v1`), name, 'v1')
      expect(await tagOf(name, 'v1')).toBe(ONE.sha256)
      expect((await send(`DELETE /v2/${name}/manifests/none`)).status).toBe(404)
      expect((await send(`DELETE /v2/${name}/manifests/latest`)).status).toBe(202)
    })

    test('a delete by digest is refused, and takes no other tag with it', async () => {
      const name = await repository()
      expectRefused(await send(`DELETE /v2/${name}/manifests/${ONE.sha256}`), name, 'v1')
      for (const tag of ['v1', 'latest', ONE.sha256]) {
        expect((await send(`GET /v2/${name}/manifests/${tag}`)).status, tag).toBe(200)
      }
      await put(name, 'dev-2')
      expect((await send(`DELETE /v2/${name}/manifests/${TWO.sha256}`)).status).toBe(202)
    })

    test('of 50 that push different content to one tag at once, one wins', async () => {
      const name = `frozen/race${count++}`
      await pushAtOnce(send, name, CONFIG)
      const images = Array.from({ length: 50 }, (_, by) =>
        imageOf([], { annotations: { by: `${by}` } }),
      )
      // Two instances, so that no memory of one process decides.
      const others = await openClient()
      const answers = await Promise.all(
        images.map(({ bytes }, at) =>
          (at % 2 ? send : others)(`PUT /v2/${name}/manifests/v1`, bytes, JSON_TYPE),
        ),
      )
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).toHaveLength(1)
      expect(statuses.filter((status) => status === 409)).toHaveLength(49)
      const winner = images[statuses.indexOf(201)]?.sha256
      expect(await tagOf(name, 'v1')).toBe(winner)
      for (const { status, body } of answers) {
        if (status === 409) expect(JSON.parse(body.toString()).errors[0].detail.digest).toBe(winner)
      }
    })

    test('of 50 that push the same to one tag at once, all do', async () => {
      const name = `frozen/race${count++}`
      await pushAtOnce(send, name, CONFIG)
      const answers = await Promise.all(Array.from({ length: 50 }, () => put(name, 'v1', ONE)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    })
  })
}
