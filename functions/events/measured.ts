/**
 * What whoever wrote a record could not know yet.
 *
 * @module
 */

import { dataKey } from '../registry/layout.ts'
import { readLink } from '../registry/links.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { EventRecord } from './record.ts'

/**
 * The record with the size of a mounted blob: a mount is recorded while its source is looked for. One operation for a
 * mount, two where the link does not know it; none for anything else.
 *
 * @returns the record as it is where the blob is gone again
 */
export const measured = async (store: ObjectStore, record: EventRecord): Promise<EventRecord> => {
  const { action, target, proof } = record
  if (action !== 'mount' || proof === undefined || target?.size !== undefined) return record
  const link = await readLink(store, proof.key)
  if (link === undefined) return record
  const size = link.size ?? (await store.head(dataKey(link.target)))?.size
  return size === undefined ? record : { ...record, target: { ...target, size } }
}
