/**
 * The rules that are in force, for runs that read them once.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { RETENTION_KEY } from '../layout.ts'
import { digestOf } from '../reference.ts'
import { NO_RULES, type Retention } from './retention.ts'

/** Most bytes of the document, as of all documents. */
const MAX_BYTES = 4 * 1024 * 1024

/** Rules, and which. */
export interface RulesInForce extends Retention {
  /** Other rules have another one. */
  readonly id: string
}

/**
 * Reads the rules. One operation.
 *
 * @throws DocumentError where the document is none, or too large
 */
export const rulesInForce = async (store: ObjectStore): Promise<RulesInForce> => {
  const read = await store.get(RETENTION_KEY)
  if (read === undefined) return { ...NO_RULES, id: '' }
  if (read.info.size > MAX_BYTES) {
    discard(read.body)
    throw new DocumentError(
      `${RETENTION_KEY} has ${read.info.size} bytes, at most ${MAX_BYTES} are allowed`,
    )
  }
  // Loaded only if there is a document: it loads YAML.
  const { parseRetention } = await import('./parse.ts')
  const bytes = await readAll(read.body, MAX_BYTES)
  return { ...parseRetention(bytes.toString()), id: digestOf(bytes) }
}
