/**
 * Changes of documents by the admin API, each noted with its caller.
 *
 * @module
 */

import { noteChange } from '../../auth/changes.ts'
import { type Edit, editDocument } from '../../auth/document.ts'
import { nameOf } from '../../auth/identity.ts'
import type { Request } from './operation.ts'

/** Changes documents in a caller's name. What cannot be noted is changed all the same, and logged. */
export const editAs = ({ desk, caller, options }: Request): Edit => {
  const by = nameOf(caller.identity)
  return (key, change) =>
    editDocument(desk.store, key, change, (text) =>
      noteChange(desk.store, key, text, by, desk.now()).catch((err: unknown) =>
        options.logger.warn({ err, key, by }, 'it is not noted who made a change'),
      ),
    )
}
