/**
 * Records that stand for several events, and what proves them.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { prove } from '../../functions/events/proof.ts'
import { type EventRecord, eventRecordSchema, eventsOf } from '../../functions/events/record.ts'
import { layerLinkKey, revisionLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { deletedLinkBody, writeLink } from '../../functions/registry/links.ts'
import type { Digest } from '../../functions/registry/reference.ts'
import { createModel, NOW } from '../interleavings/model.ts'

const DIGEST = `sha256:${'a'.repeat(64)}` as Digest
const BEFORE = `sha256:${'b'.repeat(64)}`

const record: EventRecord = {
  version: 1,
  id: 'a6b1f3f2-6c39-4c0e-9f4e-2f4f3c8d1a11',
  at: NOW,
  action: 'push',
  repository: 'app',
  target: { digest: DIGEST, size: 7, mediaType: 'text/plain' },
  proof: { key: 'some/link' },
}

const shown = ({ action, target, proof }: EventRecord) =>
  [action, target?.tag, target?.previous, proof?.key].join(' ').trim()

describe('events of a record', () => {
  for (const [what, tags, events] of [
    ['no tags', undefined, ['push   some/link']],
    ['tags', [{ tag: 'a' }, { tag: 'b' }], ['push a  some/link', 'push b  some/link']],
    [
      'a tag that named another manifest',
      [{ tag: 'a', previous: BEFORE }],
      ['push a  some/link', `tag a ${BEFORE} some/link`],
    ],
    ['a proof of its own', [{ tag: 'a', proof: { key: 'own' } }], ['push a  own']],
  ] as const) {
    test(what, () => {
      const given = eventRecordSchema.parse({ ...record, ...(tags && { tags }) })
      const found = eventsOf(given)
      expect(found.map(shown)).toEqual(events)
      expect(new Set(found.map(({ id }) => id)).size).toBe(events.length)
      // What a receiver tells duplicates by.
      expect(eventsOf(given)).toEqual(found)
      for (const each of found) expect(eventRecordSchema.parse(each)).toEqual(each)
    })
  }
})

describe('proof', async () => {
  const revision = revisionLinkKey('app', DIGEST)
  const tag = tagLinkKey('app', 'v1')
  const open = () => createModel({ etags: 'content', conditionalDeletes: true })
  const HOUR = 3_600_000

  test('none: it has happened', async () => {
    expect(await prove(open().store, { at: NOW })).toBe('happened')
  })

  test('a push: its link is there, also deleted', async () => {
    const { store } = open()
    const push = { at: NOW, proof: { key: revision } }
    expect(await prove(store, push)).toBe('not')
    await writeLink(store, revision, DIGEST)
    expect(await prove(store, push)).toBe('happened')
    await store.put(revision, deletedLinkBody(DIGEST, '0'.repeat(16), { took: 1 }))
    expect(await prove(store, push)).toBe('happened')
  })

  test('a push of a blob whose link is not there: nobody knows', async () => {
    const proof = { key: layerLinkKey('app', DIGEST), fleeting: true }
    expect(await prove(open().store, { at: NOW, proof })).toBe('unknown')
  })

  for (const [what, at, proved] of [
    ['long after the link was written: it has not happened', NOW + HOUR, 'not'],
    ['about when the link was written: nobody knows', NOW, 'unknown'],
  ] as const) {
    test(`a delete, ${what}`, async () => {
      const { store } = open()
      await writeLink(store, tag, DIGEST)
      expect(await prove(store, { at, proof: { key: tag, absent: true } })).toBe(proved)
    })
  }

  test('a delete: its link is gone, or a deleted one', async () => {
    const { store } = open()
    const proof = { key: revision, absent: true }
    expect(await prove(store, { at: NOW, proof })).toBe('happened')
    await store.put(revision, deletedLinkBody(DIGEST, '0'.repeat(16), { took: 1 }))
    expect(await prove(store, { at: NOW + HOUR, proof })).toBe('happened')
  })
})
