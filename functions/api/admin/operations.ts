/**
 * All operations of the admin API. To add one: an entry in one of the tables beside this, and
 * `node packaging/openapi.ts`.
 *
 * @module
 */

import { DOCUMENT_OPERATIONS } from './documents.ts'
import { DESCRIPTION } from './openapi.ts'
import type { Operation } from './operation.ts'

/** Every operation. */
export const OPERATIONS: readonly Operation[] = [DESCRIPTION, ...DOCUMENT_OPERATIONS]
