/**
 * The quotas that are in force, for runs and commands that read them once.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { QUOTAS_KEY } from '../layout.ts'
import { NO_QUOTAS, type Quotas } from './quotas.ts'

/** Most bytes of the document, as of all documents. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Reads the quotas. One operation.
 *
 * @throws DocumentError where the document is none, or too large
 */
export const quotasInForce = async (store: ObjectStore): Promise<Quotas> => {
  const read = await store.get(QUOTAS_KEY)
  if (read === undefined) return NO_QUOTAS
  if (read.info.size > MAX_BYTES) {
    discard(read.body)
    throw new DocumentError(
      `${QUOTAS_KEY} has ${read.info.size} bytes, at most ${MAX_BYTES} are allowed`,
    )
  }
  // Loaded only if there is a document: it loads YAML.
  const { parseQuotas } = await import('./parse.ts')
  return parseQuotas((await readAll(read.body, MAX_BYTES)).toString())
}
