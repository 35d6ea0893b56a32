/**
 * Lists of referrers: order, filter, pages by number and by size.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import { createContent } from '../../functions/registry/content.ts'
import { referrerKey, referrerPageKey } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { type Digest, isDigest } from '../../functions/registry/reference.ts'
import type { Referrer } from '../../functions/registry/referrer-entry.ts'
import { createReferrers } from '../../functions/registry/referrers.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { contentOf } from '../support/hosts/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { STORES } from '../support/rig/stores.ts'

const subject = contentOf('subject').sha256

const referrer = (seed: string, fields: Partial<Referrer> = {}): Referrer => ({
  mediaType: OCI_MANIFEST,
  digest: contentOf(seed).sha256,
  size: 100,
  ...fields,
})

const digestsOf = (all: readonly Referrer[]): Digest[] => all.map(({ digest }) => digest)

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, fill, close } = await open()
    afterAll(close)
    /** Manifests that are there, for descriptors that are not confirmed. */
    const linked = new Set<Digest>()
    const fresh = (from = store, readOnly = false) =>
      createReferrers(from, {
        content: createContent(from),
        readOnly,
        revisions: {
          find: async (_, target) => (linked.has(target) ? { target, size: undefined } : undefined),
        },
      })
    const referrers = fresh()
    const add = async (repository: string, of: Digest, each: Referrer) =>
      (await referrers.prepare(repository, of, each))()

    /** Confirmed at once: many. */
    const addMany = (repository: string, of: Digest, all: readonly Referrer[]) =>
      inBatches(
        all,
        (each) => fill(referrerKey(repository, of, each.digest), Buffer.from(JSON.stringify(each))),
        32,
      )

    const everyPage = async (repository: string, artifactType?: string) => {
      const pages: (readonly Referrer[])[] = []
      for (let last: Digest | undefined, more = true; more; ) {
        const page = await fresh().list(repository, subject, {
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(last === undefined ? {} : { last }),
        })
        pages.push(page.referrers)
        last = page.next
        // It must be valid when a client sends it back.
        assert.ok(last === undefined || isDigest(last), last)
        more = last !== undefined
      }
      return pages
    }

    test('none', async () => {
      const page = await referrers.list('none', subject)
      assert.deepEqual(page, { referrers: [], next: undefined })
    })

    test('all fields come back, in the order of digests, and are gone when removed', async () => {
      const all = ['a', 'b', 'c'].map((seed) =>
        referrer(seed, { artifactType: 'x/y', annotations: { seed } }),
      )
      for (const each of all) await add('few', subject, each)
      const sorted = all.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      assert.deepEqual((await referrers.list('few', subject)).referrers, sorted)
      const [first, ...rest] = sorted
      assert.ok(first)
      await referrers.doubt('few', subject, first)
      assert.deepEqual((await referrers.list('few', subject)).referrers, rest)
      linked.add(first.digest)
      assert.deepEqual((await referrers.list('few', subject)).referrers, sorted)
    })

    test('one that is not confirmed is looked for, and shows nothing of that', async () => {
      const each = referrer('prepared')
      const confirm = await referrers.prepare('prepared', subject, each)
      assert.deepEqual((await referrers.list('prepared', subject)).referrers, [])
      linked.add(each.digest)
      assert.deepEqual((await referrers.list('prepared', subject)).referrers, [each])
      linked.delete(each.digest)
      await confirm()
      assert.deepEqual((await fresh().list('prepared', subject)).referrers, [each])
      assert.deepEqual((await referrers.list('prepared', subject)).referrers, [each])
    })

    test('a push confirms nothing that a delete has doubted since', async () => {
      const each = referrer('doubted')
      const confirm = await referrers.prepare('doubted', subject, each)
      await referrers.doubt('doubted', subject, each)
      await confirm()
      assert.deepEqual((await referrers.list('doubted', subject)).referrers, [])
      await add('doubted', subject, each)
      assert.deepEqual((await referrers.list('doubted', subject)).referrers, [])
    })

    test('by type, across pages that hold none of that type', async () => {
      const common = Array.from({ length: 510 }, (_, at) =>
        referrer(`common ${at}`, { artifactType: 'common' }),
      )
      const rare = [referrer('rare', { artifactType: 'rare' })]
      await addMany('many', subject, [...common, ...rare])
      const pages = await everyPage('many', 'rare')
      assert.equal(pages.length, 2)
      assert.deepEqual(digestsOf(pages.flat()), digestsOf(rare))
      const all = (await everyPage('many')).flat()
      assert.deepEqual(digestsOf(all), digestsOf([...common, ...rare]).sort())
    })

    test('a page is no larger than clients read', async () => {
      const large = Array.from({ length: 9 }, (_, at) =>
        referrer(`large ${at}`, { annotations: { text: 'x'.repeat(1_000_000) } }),
      )
      for (const each of large) await add('large', subject, each)
      const pages = await everyPage('large')
      for (const page of pages) {
        assert.ok(page.length >= 1 && JSON.stringify(page).length < 4 * 1024 * 1024)
      }
      assert.deepEqual(digestsOf(pages.flat()), digestsOf(large).sort())
    })

    describe('what is kept of a page', async () => {
      const all = Array.from({ length: 20 }, (_, at) => referrer(`kept ${at}`)).toSorted((a, b) =>
        a.digest < b.digest ? -1 : 1,
      )
      const page = referrerPageKey('kept', subject)
      const listed = async () => digestsOf((await fresh().list('kept', subject)).referrers)
      const [first, second, ...rest] = digestsOf(all)

      test('is written by who reads it, and says nothing of what is deleted or pushed since', async () => {
        for (const each of all) await add('kept', subject, each)
        assert.deepEqual(await listed(), digestsOf(all))
        assert.ok(await store.head(page))
        await referrers.doubt('kept', subject, all[0]!)
        assert.deepEqual(await listed(), [second, ...rest])
        await store.delete([referrerKey('kept', subject, second!)])
        assert.deepEqual(await listed(), rest)
        linked.add(first!)
        assert.deepEqual(await listed(), [first, ...rest])
        await add('kept', subject, all[1]!)
        assert.deepEqual(await listed(), digestsOf(all))
      })

      test.each([
        ['no JSON', () => 'no JSON'],
        ['no list', () => '{}'],
        ['other things in it', () => '[1, null, ["a"], ["a", 1]]'],
        ['bytes that describe another', (text: string) => text.replaceAll(/digest\S{12}/g, 'x')],
        ['too many bytes', (text: string) => text + ' '.repeat(5 * 1024 * 1024)],
      ])('is not relied on where it has %s', async (_, damage) => {
        const kept = await store.get(page)
        await store.put(page, Buffer.from(damage((await readAll(kept!.body, 1 << 20)).toString())))
        assert.deepEqual(await listed(), digestsOf(all))
      })

      test.each(['get', 'put'] as const)(
        'is done without where its %s is refused',
        async (what) => {
          await store.delete([page])
          const refusing = intercept(store, async ({ operation, args }, proceed) => {
            if (operation === what && args[0] === page)
              throw new StoreError('unavailable', 'AccessDenied')
            return proceed()
          })
          const list = await fresh(refusing).list('kept', subject)
          assert.deepEqual(digestsOf(list.referrers), digestsOf(all))
        },
      )

      test('is not written where nothing may be', async () => {
        await store.delete([page])
        await fresh(store, true).list('kept', subject)
        assert.equal(await store.head(page), undefined)
      })
    })

    test('a repository named like a subject is kept apart', async () => {
      const own = referrer('own')
      await add('app', subject, own)
      const below = `app/${subject.replace(':', '/')}`
      for (let at = 0; at < 3; at++) await add(below, subject, referrer(`below ${at}`))
      assert.deepEqual((await everyPage('app')).flat(), [own])
      assert.equal((await everyPage(below)).flat().length, 3)
    })

    test('even if it has more of them than fit on a page', async () => {
      const own = [referrer('own 1'), referrer('own 2')]
      for (const each of own) await add('crowd', subject, each)
      // Its keys sort between ours and after them.
      for (const between of ['0', 'f'].map((digit) => `sha256:${digit.repeat(64)}` as const)) {
        const below = `crowd/${subject.replace(':', '/')}`
        const many = Array.from({ length: 510 }, (_, at) => referrer(`crowd ${at}`))
        await addMany(below, between, many)
      }
      assert.deepEqual(digestsOf((await everyPage('crowd')).flat()), digestsOf(own).sort())
    })
  })
}
