/**
 * Records of events, for tests.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { type EventRecord, outboxKey } from '../../functions/events/record.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'

/** When tests take place: 2025-01-01. */
export const BEGIN = Date.UTC(2025, 0, 1)

/** A digest that is told from others by a letter. */
export const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`

/** The push of a manifest with a tag, but for what is given. */
export const recordOf = (given: Partial<EventRecord> = {}): EventRecord => ({
  version: 1,
  id: randomUUID(),
  at: BEGIN,
  action: 'push',
  repository: 'team/app',
  target: { mediaType: OCI_MANIFEST, digest: digestOf('a'), size: 431, tag: 'v1' },
  actor: 'alice',
  request: {
    id: '7c1e6d2f-4a2b-4c3d-8e5f-6a7b8c9d0e1f',
    addr: '192.0.2.7:40000',
    host: 'registry.example',
    method: 'PUT',
    userAgent: 'docker/29 <x>&y',
  },
  ...given,
})

/** Puts a record into the outbox. */
export const record = async (
  store: ObjectStore,
  given: Partial<EventRecord> = {},
): Promise<EventRecord> => {
  const made = recordOf(given)
  await store.put(outboxKey(made), Buffer.from(JSON.stringify(made)))
  return made
}
