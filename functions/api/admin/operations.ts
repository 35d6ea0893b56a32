/**
 * All operations of the admin API. To add one: an entry in one of the tables beside this, and
 * `node packaging/openapi.ts`.
 *
 * @module
 */

import { CHANGE_OPERATIONS } from './changes.ts'
import { DELETED_OPERATIONS } from './deleted.ts'
import { DOCUMENT_OPERATIONS } from './documents.ts'
import { DESCRIPTION } from './openapi.ts'
import type { Operation } from './operation.ts'
import { REPOSITORY_OPERATIONS } from './repositories.ts'

/** Every operation. */
export const OPERATIONS: readonly Operation[] = [
  DESCRIPTION,
  ...DOCUMENT_OPERATIONS,
  ...REPOSITORY_OPERATIONS,
  ...DELETED_OPERATIONS,
  ...CHANGE_OPERATIONS,
]
