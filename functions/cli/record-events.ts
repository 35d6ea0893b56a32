/**
 * Commands that change what is in the store leave their events there, too: the document of receivers says whether
 * anybody wants them.
 *
 * @module
 */

import { openEvents } from '../compose/open-events.ts'
import { RegistryError } from '../registry/errors.ts'
import type { Recorder, Recording } from '../registry/happened.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Io } from './io.ts'

/** Where a command records events. */
export const recorderFor = (
  { say, now }: Pick<Io, 'say' | 'now'>,
  store: ObjectStore,
): Recorder => {
  const tell = (_: object, message: string): void => say(message)
  const logger = { info: () => {}, warn: tell, error: tell }
  return openEvents(store, { logger, audit: () => {}, now })
}

/** Does what is recorded; what the registry refuses is withdrawn. */
export const recorded = async <T>(
  io: Pick<Io, 'say' | 'now' | 'user'>,
  store: ObjectStore,
  repository: string,
  work: (recording: Recording) => Promise<T>,
): Promise<T> => {
  const recording = recorderFor(io, store).begin(repository, { actor: io.user() })
  try {
    return await work(recording)
  } catch (error) {
    if (error instanceof RegistryError) await recording.withdraw()
    throw error
  }
}
