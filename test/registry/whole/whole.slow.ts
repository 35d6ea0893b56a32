/**
 * Deletes of whole repositories: what is gone, what begins anew, what comes back.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import {
  deletedRepositoryKey,
  revisionLinkKey,
  revisionsPrefix,
  tagLinkKey,
} from '../../../functions/registry/layout.ts'
import { readLinkObject } from '../../../functions/registry/links.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { parseRetention } from '../../../functions/registry/retention/parse.ts'
import { NO_RULES } from '../../../functions/registry/retention/retention.ts'
import { begin } from '../../../functions/registry/whole/begin.ts'
import { pendingOf, readNote, settleTime } from '../../../functions/registry/whole/note.ts'
import { passWhole } from '../../../functions/registry/whole/pass.ts'
import { undeleteWhole } from '../../../functions/registry/whole/undelete.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import {
  blob,
  CONFIG,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, type Send } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { STORES } from '../../support/rig/stores.ts'

const RULES = parseRetention(`
version: 1
immutable:
  - repositories: ['frozen/**']
    tags: ['v*']
`)

const LAYER = blob('layer', 20)

/** A repository, and what is in it: no two have a manifest in common, since they are filled side by side. */
interface Filled {
  readonly name: string
  readonly one: Content
  readonly two: Content
  readonly list: Content
  readonly signature: Content
}

const contentOf = (name: string): Filled => {
  const annotations = { of: name }
  const one = imageOf([], { annotations })
  return {
    name,
    one,
    two: imageOf([LAYER], { annotations }),
    list: indexOf([one], { annotations }),
    signature: imageOf([], { annotations, subject: descriptorOf(OCI_MANIFEST, one) }),
  }
}

const UNDELETE = 3 * 86_400_000

const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => void setTimeout(resolve, milliseconds))

for (const [kind, open] of STORES) {
  // On S3 a delete waits for two seconds: dates are whole ones there.
  describe(kind, { concurrent: true }, async () => {
    const { store, close } = await open()
    afterAll(close)
    const options = { undeletes: true, undeleteDays: 3, rules: async () => RULES }
    const send = await clientOf(store, options)
    let count = 0

    /** `one` as `v1` and `latest`, `two` as `other`, `list` by digest, a signature of `one`. */
    const fill = async (folder = 'r'): Promise<Filled> => {
      const filled = contentOf(`${folder}/r${count++}`)
      const { name, one, two, list, signature } = filled
      for (const each of [CONFIG, LAYER]) await pushAtOnce(send, name, each)
      for (const tag of ['v1', 'latest']) await pushManifest(send, name, tag, one)
      await pushManifest(send, name, 'other', two)
      await pushManifest(send, name, list.sha256, list, OCI_INDEX)
      await pushManifest(send, name, signature.sha256, signature)
      return filled
    }
    const remove = ({ name }: Pick<Filled, 'name'>) => send(`DELETE /api/v1/repositories/${name}`)
    const json = async (by: Send, path: string) => {
      const { status, body } = await by(`GET ${path}`)
      return status === 200 ? JSON.parse(body.toString()) : status
    }
    /** What can be pulled, in words; default: from a server that remembers nothing. */
    const picture = async ({ name, ...contents }: Filled, given?: Send) => {
      const by = given ?? (await clientOf(store, options))
      const references = [
        ...['v1', 'latest', 'other'].map((tag) => [tag, tag]),
        ...Object.entries(contents).map(([title, { sha256 }]) => [title, sha256]),
      ]
      const there: unknown[] = []
      for (const [title, reference] of references) {
        if ((await by(`GET /v2/${name}/manifests/${reference}`)).status === 200) there.push(title)
      }
      const tags = await json(by, `/v2/${name}/tags/list`)
      const referrers = await json(by, `/v2/${name}/referrers/${contents.one.sha256}`)
      return { there, tags: tags.tags, referrers: referrers.manifests.length }
    }
    const everything = ['v1', 'latest', 'other', 'one', 'two', 'list', 'signature']
    const WHOLE = { there: everything, tags: ['latest', 'other', 'v1'], referrers: 1 }
    const NOTHING = { there: [], tags: [], referrers: 0 }
    /** Notes a delete, and does nothing. */
    const noteOnly = async (name: string, by: ObjectStore = store) => {
      const { whole } = await begin(by, name, { rules: async () => NO_RULES })
      await sleep(settleTime(whole))
      return whole
    }
    /** Goes on with just this one: others are deleted side by side. */
    const finish = async ({ name }: Filled, by: ObjectStore = store) =>
      passWhole(by, name, await readNote(by, name), {
        early: false,
        undeletes: true,
        isImmutable: () => false,
        isOver: () => false,
        now: Date.now,
      })

    test('all of it is gone, and all comes back', async () => {
      const filled = await fill()
      expect(await picture(filled)).toEqual(WHOLE)
      const answer = await expectStatus(202, remove(filled))
      const said = JSON.parse(answer.body.toString())
      expect(said).toEqual({
        name: filled.name,
        deletedAt: expect.stringMatching(/^20.*Z$/),
        overridden: [],
        undeletableUntil: new Date(Date.parse(said.deletedAt) + UNDELETE).toISOString(),
        deleted: 4,
        remaining: false,
      })
      // The server that deletes knows it at once.
      for (const by of [send, undefined]) expect(await picture(filled, by)).toEqual(NOTHING)
      const all = { at: new Date(said.deletedAt), manifests: 4, tags: 3, kept: [], lost: [] }
      expect(await undeleteWhole(store, filled.name)).toEqual(all)
      expect(await picture(filled)).toEqual(WHOLE)
      expect(await undeleteWhole(store, filled.name)).toMatchObject({ manifests: 0, tags: 0 })
    })

    test('it is gone once: a second delete, and one of nothing, are NAME_UNKNOWN', async () => {
      const filled = await fill()
      await expectStatus(202, remove(filled))
      for (const missing of [filled, { name: 'never/there' }]) {
        expect(codeOf(await expectStatus(404, remove(missing)))).toBe('NAME_UNKNOWN')
      }
      await expect(undeleteWhole(store, 'never/there')).rejects.toThrow(
        /never\/there cannot come back as a whole: no delete of it is on record/,
      )
    })

    test('a push begins it anew, and an undelete leaves that as it is', async () => {
      const filled = await fill()
      await expectStatus(202, remove(filled))
      await pushManifest(send, filled.name, 'other', filled.one)
      expect(await picture(filled)).toEqual({
        there: ['other', 'one'],
        tags: ['other'],
        referrers: 0,
      })
      expect(await undeleteWhole(store, filled.name)).toMatchObject({ kept: ['other'], tags: 2 })
      expect(await picture(filled)).toEqual(WHOLE)
      const digest = (await send(`GET /v2/${filled.name}/manifests/other`)).headers.get(
        'Docker-Content-Digest',
      )
      expect(digest).toBe(filled.one.sha256)
    })

    test('what is pushed before it is done stays, the same once more, too, with what it names', async () => {
      const filled = await fill()
      await noteOnly(filled.name)
      const list = indexOf([filled.two])
      await pushManifest(send, filled.name, 'list', list, OCI_INDEX)
      await pushManifest(send, filled.name, 'latest', filled.one)
      await pushManifest(send, filled.name, filled.signature.sha256, filled.signature)
      expect((await picture(filled)).tags).toEqual(['latest', 'list', 'other', 'v1'])
      await finish(filled)
      expect(pendingOf(await readNote(store, filled.name))).toBeUndefined()
      const { there, tags } = await picture(filled)
      expect(there).toEqual(expect.arrayContaining(['latest', 'one', 'two', 'signature']))
      expect(there).not.toContain('list')
      expect(there).not.toContain('other')
      expect(tags).toEqual(expect.arrayContaining(['latest', 'list']))
    })

    const dies = kind === 'S3' ? [] : ['one that died at any write is brought to its end']
    // On S3 the explorer has it.
    test.each(dies)('%s', async () => {
      for (let writes = 0; ; writes++) {
        const filled = await fill()
        await noteOnly(filled.name)
        let left = writes
        const dying = (work: (...args: never[]) => Promise<unknown>) =>
          ((...args: never[]) => {
            if (left-- <= 0) throw new Error('died')
            return work(...args)
          }) as never
        const dead = {
          ...store,
          put: dying(store.put as never),
          deleteIf: dying(store.deleteIf as never),
        }
        const died = await finish(filled, dead).then(
          () => false,
          () => true,
        )
        await finish(filled)
        expect(await picture(filled)).toEqual(NOTHING)
        await undeleteWhole(store, filled.name)
        expect(await picture(filled)).toEqual(WHOLE)
        if (!died) break
        writes += 6
      }
    })

    test('one that is not done yet is undone, and nothing of it goes any more', async () => {
      const filled = await fill()
      await noteOnly(filled.name)
      let undone: unknown
      const slow: ObjectStore = {
        ...store,
        async put(key, body, more) {
          const link = revisionLinkKey(filled.name, filled.two.sha256)
          // It is condemned, and about to go.
          if (key === link && (await readLinkObject(store, link))?.body?.condemned && !undone) {
            undone = await undeleteWhole(store, filled.name)
          }
          return store.put(key, body, more)
        },
      }
      await finish(filled, slow)
      expect(undone).toMatchObject({ tags: 3, lost: [] })
      expect(await picture(filled)).toEqual(WHOLE)
    })

    test('a delete while another is pending goes on with that', async () => {
      const filled = await fill()
      const { id } = await noteOnly(filled.name)
      await pushManifest(send, filled.name, 'more', filled.two)
      await expectStatus(202, remove(filled))
      expect(await picture(filled)).toEqual(NOTHING)
      const { deletes } = await readNote(store, filled.name)
      expect(deletes).toMatchObject([{ id, state: 'done' }])
      expect(await undeleteWhole(store, filled.name)).toMatchObject({ manifests: 4, tags: 4 })
    })

    test('what was deleted again since does not come back', async () => {
      const filled = await fill()
      await expectStatus(202, remove(filled))
      await pushManifest(send, filled.name, 'other', filled.two)
      await expectStatus(202, send(`DELETE /v2/${filled.name}/manifests/${filled.two.sha256}`))
      await undeleteWhole(store, filled.name)
      expect((await picture(filled)).there).toEqual(
        everything.filter((each) => each !== 'other' && each !== 'two'),
      )
    })

    test('immutable tags keep it, unless the caller may override', async () => {
      const filled = await fill('frozen')
      const refused = await expectStatus(409, remove(filled))
      const [error] = JSON.parse(refused.body.toString()).errors
      expect(error).toMatchObject({
        code: 'DENIED',
        message: `the tag v1 of ${filled.name} is immutable and points at ${filled.one.sha256}: the repository cannot be deleted`,
        detail: { name: filled.name, tag: 'v1', digest: filled.one.sha256 },
      })
      expect(await picture(filled)).toEqual(WHOLE)
      expect((await readNote(store, filled.name)).deletes).toEqual([])
    })

    test('where it is noted again meanwhile, it says so, and the server goes on', async () => {
      const filled = await fill()
      let again = false
      const watched: ObjectStore = {
        ...store,
        async list(prefix, more) {
          // Once it is noted, and before it has ended.
          if (prefix === revisionsPrefix(filled.name) && !again) {
            again = true
            await begin(store, filled.name, { rules: async () => NO_RULES })
          }
          return store.list(prefix, more)
        },
      }
      let remains = 0
      const server = await clientOf(watched, {
        ...options,
        remains: () => {
          remains += 1
        },
      })
      const answer = await expectStatus(202, server(`DELETE /api/v1/repositories/${filled.name}`))
      expect(JSON.parse(answer.body.toString())).toMatchObject({ deleted: 4, remaining: true })
      expect(remains).toBe(1)
      expect(await finish(filled)).toEqual({ deleted: 0, remaining: false })
    })

    test('a damaged tag goes, too, and a damaged note counts as none', async () => {
      const filled = await fill()
      await store.put(tagLinkKey(filled.name, 'odd'), Buffer.from('?'))
      await store.put(deletedRepositoryKey(filled.name), Buffer.from('?'))
      await expectStatus(202, remove(filled))
      expect(await picture(filled)).toEqual(NOTHING)
    })
  })
}
