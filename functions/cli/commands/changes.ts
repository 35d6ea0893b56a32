/**
 * `slipway changes` and `policy log`: who has changed what an administrator sets.
 *
 * @module
 */

import type { Change } from '../../auth/changes.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import type { DocumentIo } from '../ways/document-io.ts'

const print = (io: DocumentIo, changes: readonly Change[]): void => {
  for (const { at, document, by } of changes) io.print([at, document, by].join('\t'))
  if (changes.length === 0) io.say('No change is noted: version 1.0 did not note who made one.')
}

/** `slipway changes`. */
export const listChanges = async (io: DocumentIo): Promise<void> => print(io, await io.changes())

/** `slipway policy log`. */
export const logPolicy = async (io: DocumentIo): Promise<void> => {
  const changes = await io.changes()
  print(
    io,
    changes.filter(({ document }) => POLICY_KEY.endsWith(`/${document}`)),
  )
}
