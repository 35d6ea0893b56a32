/**
 * `slipway changes` and `policy log`: who has changed what an administrator sets.
 *
 * @module
 */

import { type Change, readChanges } from '../../auth/changes.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import type { StoreIo } from '../command.ts'

const print = (io: StoreIo, changes: readonly Change[]): void => {
  for (const { at, document, by } of changes) io.print([at, document, by].join('\t'))
  if (changes.length === 0) io.say('No change is noted: version 1.0 did not note who made one.')
}

/** `slipway changes`. */
export const listChanges = async (io: StoreIo): Promise<void> =>
  print(io, await readChanges(io.store))

/** `slipway policy log`. */
export const logPolicy = async (io: StoreIo): Promise<void> => {
  const changes = await readChanges(io.store)
  print(
    io,
    changes.filter(({ document }) => POLICY_KEY.endsWith(`/${document}`)),
  )
}
