/**
 * Changes of documents by the admin API, each noted with its caller.
 *
 * @module
 */

import type { Edit } from '../../auth/document.ts'
import { nameOf } from '../../auth/identity.ts'
import { notedEdit } from '../../auth/noted-edit.ts'
import { eventOrigin } from '../event-origin.ts'
import type { Request } from './operation.ts'

/** Changes documents in a caller's name. What cannot be noted is changed all the same, and logged. */
export const editAs = ({ c, desk, caller, options }: Request): Edit => {
  const by = nameOf(caller.identity)
  const { store, now, events } = desk
  return notedEdit({
    store,
    by,
    now,
    begin: events && (() => events.begin(undefined, eventOrigin(c))),
    unnoted: (err, key) =>
      options.logger.warn({ err, key, by }, 'it is not noted who made a change'),
  })
}

/**
 * Makes several changes for one purpose, which is in the audit trail also where it fails after the first of them.
 *
 * @param what it is for, as `Request.changed` has it
 */
export const inOneGo = async (
  request: Request,
  what: string,
  work: (edit: Edit) => Promise<unknown>,
): Promise<void> => {
  const edit = editAs(request)
  let isChanged = false
  try {
    await work(async (key, change) => {
      const written = await edit(key, change)
      isChanged ||= written
      return written
    })
  } finally {
    if (isChanged) request.changed(what)
  }
}
