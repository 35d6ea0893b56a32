/**
 * The deletes of whole repositories that are on record.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { DELETED_REPOSITORIES_PREFIX, deletedRepositoryOf } from '../layout.ts'
import { readNote, type WholeDelete } from './note.ts'

/** A repository, and its deletes as a whole, the latest first. */
export interface DeletedRepository {
  readonly name: string
  readonly deletes: readonly WholeDelete[]
}

/** Those of one repository. One operation. */
export const listWhole = async (store: ObjectStore, name: string): Promise<DeletedRepository> => ({
  name,
  deletes: ((await readNote(store, name)).deletes ?? []).toReversed(),
})

/** Those of all repositories, in the order of names. One listing for each 1000, and a read for each. */
export async function* listAllWhole(store: ObjectStore): AsyncGenerator<DeletedRepository> {
  for await (const page of listPages(store, DELETED_REPOSITORIES_PREFIX)) {
    const names = page.flatMap(({ key }) => deletedRepositoryOf(key) ?? [])
    yield* await inBatches(names, (name) => listWhole(store, name))
  }
}
