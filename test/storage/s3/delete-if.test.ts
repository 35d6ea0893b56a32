/**
 * Deletes of a version on services that heed the condition, ignore it, or refuse it.
 *
 * @module
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { readSettings } from '../../../functions/compose/settings.ts'
import { deleteNotes } from '../../../functions/node/notes.ts'
import { isStoreError, StoreError } from '../../../functions/storage/errors.ts'
import { startS3 } from '../../emulators/s3/server.ts'
import { CONFIG } from '../../support/hosts/content.ts'
import { clientOf, expectStatus } from '../../support/rig/client.ts'
import { pushImage } from '../../support/rig/push.ts'
import { storeOn } from '../../support/rig/stores.ts'
import { openOn } from './harness.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const precondition = (error: unknown): boolean => isStoreError(error, 'precondition')

for (const [deleteConditions, exact] of [
  ['honored', true],
  ['lenient', false],
  ['ignored', false],
  ['refused', false],
] as const) {
  describe(`conditions of deletes are ${deleteConditions}`, async () => {
    const s3 = await startS3({ deleteConditions })
    afterAll(() => s3.close())
    const store = storeOn(s3)

    test('which is found out once, with three or four calls', async () => {
      s3.counter.reset()
      expect(await store.deletesExactly()).toBe(exact)
      expect(await store.deletesExactly()).toBe(exact)
      expect(s3.counter.counts).toEqual({
        PutObject: 1,
        DeleteObject: exact || deleteConditions === 'lenient' ? 3 : 2,
      })
      expect((await store.list('')).objects).toEqual([])
    })

    test('another version stays, the same one goes', async () => {
      const first = await store.put('a', bytes('1'))
      const second = await store.put('a', bytes('2'))
      await expect(store.deleteIf('a', first.etag)).rejects.toSatisfy(precondition)
      expect(await store.head('a')).toMatchObject({ etag: second.etag })
      await store.deleteIf('a', second.etag)
      expect(await store.head('a')).toBeUndefined()
      const again = store.deleteIf('a', second.etag)
      if (deleteConditions === 'lenient') await again
      else await expect(again).rejects.toSatisfy(precondition)
    })

    test('the start of a server says what may be lost, unless it takes no writes', async () => {
      const notes = (args: string[]) => deleteNotes(readSettings(args, {}), store)
      const said = await notes([])
      expect(said.join()).toMatch(exact ? /^$/ : /cannot delete a version of an object/)
      expect(await notes(['--read-only=on'])).toEqual([])
    })
  })
}

test('a response that was lost leaves the object gone', async () => {
  const s3 = await startS3()
  const store = storeOn(s3)
  await store.deletesExactly()
  const { etag } = await store.put('a', bytes('1'))
  s3.faults.next({ operation: 'DeleteObject' }, { drop: 'after' })
  await expect(store.deleteIf('a', etag)).rejects.toSatisfy(precondition)
  expect(await store.head('a')).toBeUndefined()
  await s3.close()
})

describe.each(['honored', 'ignored'] as const)(
  'a delete that is sent once, where conditions are %s',
  async (deleteConditions) => {
    const s3 = await startS3({ deleteConditions })
    afterAll(() => s3.close())
    afterEach(() => s3.faults.clear())
    const store = storeOn(s3)
    await store.deletesExactly()
    const unavailable = (error: unknown): boolean => isStoreError(error, 'unavailable')
    const sent = (): number | undefined => s3.counter.counts.DeleteObject

    test.each([{ drop: 'before' }, { drop: 'after' }] as const)(
      'is not repeated where it had no answer: %j',
      async (fault) => {
        const { etag } = await store.put('a', bytes('1'))
        s3.counter.reset()
        s3.faults.next({ operation: 'DeleteObject' }, fault)
        await expect(store.deleteIf('a', etag, { once: true })).rejects.toSatisfy(unavailable)
        expect(sent()).toBe(1)
      },
    )

    test('is repeated where it was refused', async () => {
      const { etag } = await store.put('a', bytes('1'))
      s3.counter.reset()
      s3.faults.next({ operation: 'DeleteObject' }, { error: 'InternalError' }, 2)
      await store.deleteIf('a', etag, { once: true })
      expect(sent()).toBe(3)
      expect(await store.head('a')).toBeUndefined()
    })

    test('is what takes tags and blobs away, whose links may come again as they were', async () => {
      const send = await clientOf(store)
      const image = await pushImage(send, 'app', 'v1', [])
      const { sha256, sha512, bytes: config } = CONFIG
      const paths = [`manifests/v1`, `manifests/${image.sha256}`, `blobs/${sha256}`]
      for (const path of [...paths, `blobs/${sha512}`]) {
        await pushImage(send, 'app', 'v1', [])
        await expectStatus(201, send(`POST /v2/app/blobs/uploads/?digest=${sha512}`, config))
        s3.counter.reset()
        s3.faults.next({ operation: 'DeleteObject' }, { drop: 'after' })
        await expectStatus(503, send(`DELETE /v2/app/${path}`))
        expect([path, sent()]).toEqual([path, 1])
        // A link is left that says what to delete.
        if (path.includes('sha512')) await expectStatus(202, send(`DELETE /v2/app/${path}`))
      }
    })
  },
)

test('a service that says 200 rather than 204 is not asked again', async (t) => {
  const sent: string[] = []
  const store = await openOn(t, ({ method = '', headers: { 'if-match': etag } }, response) => {
    sent.push(`${method} ${etag ?? ''}`.trimEnd())
    const isThere = method !== 'DELETE' || (etag !== '"0"' && sent.length < 5)
    const error = '<Error><Code>PreconditionFailed</Code></Error>'
    response.writeHead(isThere ? 200 : 412, { etag: '"e"' }).end(isThere ? '' : error)
  })
  await store.deletesExactly()
  sent.splice(0)
  await store.deleteIf('a', 'e')
  await store.delete(['a'])
  expect(sent).toEqual(['DELETE "e"', 'DELETE'])
})

test('a store that refuses the trial starts all the same', async () => {
  const deletesExactly = async () => {
    throw new StoreError('unavailable', 'AccessDenied')
  }
  expect(await deleteNotes(readSettings([], {}), { deletesExactly })).toEqual([])
})

test.each([
  ['AmazonS3', true],
  ['SeaweedFS 8000GB 4.48', true],
  ['MinIO', true],
  ['VERSITYGW', false],
])('%s: %s', async (name, exact) => {
  const s3 = await startS3({ name })
  const store = storeOn(s3)
  expect(await store.deletesExactly()).toBe(exact)
  // The condition is sent all the same: less is lost than by a look of our own.
  const { etag } = await store.put('a', bytes('1'))
  s3.counter.reset()
  await store.deleteIf('a', etag)
  expect(s3.counter.counts).toEqual({ DeleteObject: 1 })
  await s3.close()
})

test.each([
  ['honored', false],
  ['looked at', true],
] as const)('a race where conditions are %s: %s', async (deleteConditions, loses) => {
  const s3 = await startS3({ deleteConditions })
  const store = storeOn(s3)
  expect(await store.deletesExactly()).toBe(true)
  s3.counter.reset()
  expect(await store.losesWrites?.()).toBe(loses)
  const { DeleteObject = 0 } = s3.counter.counts
  if (loses) expect(DeleteObject).toBeLessThan(100)
  else expect(DeleteObject).toBe(600)
  expect(s3.objects.keys()).toEqual([])
  // What lost nothing is not tried again at once.
  s3.counter.reset()
  expect(await store.losesWrites?.()).toBe(loses)
  expect('DeleteObject' in s3.counter.counts).toBe(loses)
  await s3.close()
})
