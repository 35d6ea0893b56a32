/**
 * Deletes and how they are undone: what comes back, and what is left as it is.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { unreported } from '../../functions/registry/damage.ts'
import { expireDeletions, listDeletions } from '../../functions/registry/deleted/deletions.ts'
import { MAX_TAGS, noteDeletion } from '../../functions/registry/deleted/note.ts'
import { undelete } from '../../functions/registry/deleted/undelete.ts'
import { DELETIONS_PREFIX, dataKey } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { pushImage, pushManifest } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const NOW = Date.UTC(2026, 10, 27)

for (const [kind, open] of STORES) {
  describe(kind, async () => {
    const { store, close } = await open()
    afterAll(close)
    const send = await clientOf(store, { undeletes: true, now: () => NOW })
    let repositories = 0

    /** A repository of its own with OLD as `v1` and `again`, and NEW as `v2`. */
    const fill = async (): Promise<{ name: string; old: string; new: string }> => {
      const name = `r${repositories++}/sub`
      const old = await pushImage(send, name, 'v1', [])
      await pushManifest(send, name, 'again', old)
      const other = imageOf([], { annotations: { other: name } })
      await pushManifest(send, name, 'v2', other)
      return { name, old: old.sha256, new: other.sha256 }
    }
    const remove = (name: string, reference: string, by: Send = send) =>
      expectStatus(202, by(`DELETE /v2/${name}/manifests/${reference}`))
    const digestOf = async (name: string, reference: string): Promise<string | null> => {
      const { status, headers } = await send(`GET /v2/${name}/manifests/${reference}`)
      return status === 200 ? headers.get('Docker-Content-Digest') : null
    }
    const tag = (text: string) => ({ tag: text })
    const digest = (text: string) => ({ digest: text as never })

    test('a tag', async () => {
      const { name, old } = await fill()
      await remove(name, 'v1')
      expect(await digestOf(name, 'v1')).toBeNull()
      expect(await undelete(store, name, tag('v1'))).toEqual({
        digest: old,
        manifest: false,
        tags: ['v1'],
        kept: [],
      })
      expect(await digestOf(name, 'v1')).toBe(old)
    })

    test('a manifest with its tags', async () => {
      const { name, old } = await fill()
      await remove(name, old)
      for (const each of ['v1', 'again', old]) expect(await digestOf(name, each)).toBeNull()
      expect(await undelete(store, name, digest(old))).toEqual({
        digest: old,
        manifest: true,
        tags: ['again', 'v1'],
        kept: [],
      })
      for (const each of ['v1', 'again', old]) expect(await digestOf(name, each)).toBe(old)
    })

    test('a manifest with the tags that went in an attempt before, which failed', async () => {
      const { name, old } = await fill()
      let fails = true
      const failing = intercept(store, async (call, proceed) => {
        if (!fails || call.operation !== 'put' || !String(call.args[0]).includes('/revisions/'))
          return proceed()
        throw new StoreError('unavailable', 'not now')
      })
      const by = await clientOf(failing, { undeletes: true, now: () => NOW })
      await expectStatus(503, by(`DELETE /v2/${name}/manifests/${old}`))
      expect(await digestOf(name, 'v1')).toBeNull()
      fails = false
      await remove(name, old, by)
      expect(await undelete(store, name, digest(old))).toMatchObject({ tags: ['again', 'v1'] })
    })

    test('not where it slept for minutes: what it has seen may be gone', async () => {
      const { name, old } = await fill()
      await remove(name, old)
      for (const each of [tag('v1'), digest(old)]) {
        let now = NOW
        const asleep = intercept(store, ({ operation }, proceed) => {
          if (operation === 'list') now += 6 * 60_000
          return proceed()
        })
        await expect(undelete(asleep, name, each, unreported, () => now)).rejects.toMatchObject({
          failure: 'late',
        })
      }
      for (const each of ['v1', 'again', old]) expect(await digestOf(name, each)).toBeNull()
    })

    test('a tag whose manifest was deleted, and nothing else', async () => {
      const { name, old } = await fill()
      await remove(name, old)
      expect((await undelete(store, name, tag('again'))).manifest).toBe(true)
      expect(await digestOf(name, 'again')).toBe(old)
      expect(await digestOf(name, 'v1')).toBeNull()
    })

    test('a tag whose manifest was deleted after it', async () => {
      const { name, old } = await fill()
      await remove(name, 'v1')
      await remove(name, old)
      await undelete(store, name, tag('v1'))
      expect(await digestOf(name, 'v1')).toBe(old)
      expect(await digestOf(name, 'again')).toBeNull()
    })

    test('the last of several deletes of a tag', async () => {
      const { name, new: other } = await fill()
      await remove(name, 'v1')
      await pushManifest(send, name, 'v1', imageOf([], { annotations: { other: name } }))
      const later = await clientOf(store, { undeletes: true, now: () => NOW + 1 })
      await remove(name, 'v1', later)
      expect(await undelete(store, name, tag('v1'))).toMatchObject({ digest: other })
    })

    test('a tag that was set again stays', async () => {
      const { name, old, new: other } = await fill()
      await remove(name, old)
      await pushManifest(send, name, 'v1', imageOf([], { annotations: { other: name } }))
      await expect(undelete(store, name, tag('v1'))).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: `the tag v1 of ${name} was set again, and points at ${other}: delete it first if ${old} is to come back`,
      })
      expect(await undelete(store, name, digest(old))).toMatchObject({
        tags: ['again'],
        kept: ['v1'],
      })
      expect(await digestOf(name, 'v1')).toBe(other)
    })

    test('what is there is left as it is', async () => {
      const { name, old } = await fill()
      await remove(name, 'v1')
      await undelete(store, name, tag('v1'))
      expect(await undelete(store, name, tag('v1'))).toMatchObject({ tags: [], kept: ['v1'] })
      expect(await undelete(store, name, digest(old))).toMatchObject({ manifest: false, tags: [] })
    })

    test('a referrer is listed again', async () => {
      const { name, old } = await fill()
      const subject = descriptorOf(OCI_MANIFEST, { sha256: old, bytes: Buffer.alloc(0) } as never)
      const referrer = imageOf([], { subject, artifactType: 'application/x.test' })
      await pushManifest(send, name, referrer.sha256, referrer)
      const listed = async (): Promise<string> =>
        (await expectStatus(200, send(`GET /v2/${name}/referrers/${old}`))).body.toString()
      await remove(name, referrer.sha256)
      expect(await listed()).not.toContain(referrer.sha256)
      await undelete(store, name, digest(referrer.sha256))
      expect(await listed()).toContain(referrer.sha256)
    })

    test.each([
      ['no delete on record', async () => tag('never'), 'no delete of it is on record'],
      [
        'no link',
        async (name: string) => digest(imageOf([], { annotations: { unpushed: name } }).sha256),
        'nothing is left of it',
      ],
      [
        'no bytes',
        async (name: string, old: string) => {
          await remove(name, old)
          await store.delete([dataKey(old as never)])
          return tag('v1')
        },
        'its bytes are gone',
      ],
    ] as const)('%s: it cannot come back', async (_title, before, why) => {
      const { name, old } = await fill()
      await expect(undelete(store, name, await before(name, old))).rejects.toMatchObject({
        code: 'MANIFEST_UNKNOWN',
        message: expect.stringContaining(why),
      })
      // Others need the same bytes.
      await pushImage(send, name, 'v1', [])
    })

    test('who deleted what and when is on record, the latest first', async () => {
      const { name, old } = await fill()
      await remove(name, 'v2')
      const later = await clientOf(store, { undeletes: true, now: () => NOW + 5 })
      await remove(name, old, later)
      const all = await listDeletions(store, name)
      expect(all.map(({ at }) => at.getTime() - NOW)).toEqual([5, 5, 0])
      expect(all.flatMap(({ tags = [] }) => tags).toSorted()).toEqual(['again', 'v1'])
      expect(new Set(all.map(({ by }) => by)).size).toBe(1)
      expect(await listDeletions(store, name.replace('/sub', ''))).toEqual([])
    })

    test('a damaged note is left out', async () => {
      const { name } = await fill()
      await remove(name, 'v1')
      await store.put(`${DELETIONS_PREFIX}${name}/!/${'9'.repeat(15)}-x`, Buffer.from('{'))
      await store.put(`${DELETIONS_PREFIX}${name}/!/no-time`, Buffer.from('{}'))
      expect(await listDeletions(store, name)).toHaveLength(1)
    })

    test('nothing goes before it is noted', async () => {
      const { name, old } = await fill()
      const order: string[] = []
      const watched = intercept(store, (call, proceed) => {
        const [key] = call.args as [string]
        if (call.operation === 'put' && key.startsWith(DELETIONS_PREFIX)) order.push('note')
        if (call.operation === 'put' && key.includes('/revisions/')) order.push('manifest')
        if (call.operation === 'deleteIf') order.push('tag')
        return proceed()
      })
      await remove(name, old, await clientOf(watched, { undeletes: true }))
      expect(order.slice(-1)).toEqual(['manifest'])
      expect(order.filter((each) => each === 'note')).toHaveLength(2)
      expect(order.lastIndexOf('note')).toBeLessThan(order.indexOf('tag'))
    })

    test('without it, nothing is noted', async () => {
      const { name, old } = await fill()
      await remove(name, 'v2', await clientOf(store))
      await remove(name, old, await clientOf(store))
      expect(await listDeletions(store, name)).toEqual([])
      expect(await undelete(store, name, digest(old))).toMatchObject({ manifest: true, tags: [] })
    })

    test('many tags are several notes of one delete', async () => {
      const { name, old } = await fill()
      const tags = Array.from({ length: MAX_TAGS + 1 }, (_, at) => `t${at}`)
      await noteDeletion(store, name, 'user:alice', NOW).manifest(old as never, tags)
      const all = await listDeletions(store, name)
      expect(all.map((each) => each.tags?.length)).toEqual([1, MAX_TAGS])
      expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    })

    test('old notes go, and only they', async () => {
      const { name } = await fill()
      await remove(name, 'v1')
      expect(await expireDeletions(store, new Date(0))).toBe(0)
      expect(await listDeletions(store, name)).toHaveLength(1)
      expect(await expireDeletions(store, new Date(Date.now() + 60_000))).toBeGreaterThan(0)
      expect(await listDeletions(store, name)).toEqual([])
    })
  })
}
