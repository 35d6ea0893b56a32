/**
 * Where events are recorded: in the outbox, as long as the document of receivers has any.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { Audit } from '../auth/audit.ts'
import type { Recorder } from '../registry/happened.ts'
import { EVENT_RECEIVERS_KEY } from '../registry/layout.ts'
import { once } from '../shared/once.ts'
import type { ObjectStore } from '../storage/store.ts'
import { openDocument } from './open-document.ts'

export interface EventsOptions {
  readonly logger: RequestLogger
  readonly audit: Audit
  /** See `RecorderOptions`. */
  readonly wake?: (() => void) | undefined
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
}

/** What the document says: who records; undefined where nobody is told of anything. */
interface InForce {
  readonly recorder: Recorder | undefined
}

/** A recorder that asks for another with each event, when the first of it is written. */
const following = (inForce: () => Promise<InForce>): Recorder => ({
  begin(repository, origin) {
    const open = once(async () => (await inForce()).recorder?.begin(repository, origin))
    let written = false
    return {
      wantsMoves: async () => (await open())?.wantsMoves() ?? false,
      async write(happening) {
        written = true
        await (await open())?.write(happening)
      },
      async withdraw() {
        if (written)
          await open().then(
            (recording) => recording?.withdraw(),
            () => {},
          )
      },
      done() {
        // It is open: it was written.
        if (written)
          void open().then(
            (recording) => recording?.done(),
            () => {},
          )
      },
    }
  },
})

/**
 * Follows the document of receivers: read when something is first changed, and at most every 20 seconds. While it has
 * never been read, nothing can be changed: somebody might have to be told. One that is invalid counts as one of
 * somebody who wants everything but pulls: it is delivered once it is corrected.
 */
export const openEvents = (
  store: ObjectStore,
  { logger, audit, wake, now = Date.now }: EventsOptions,
): Recorder => {
  const called = {
    key: EVENT_RECEIVERS_KEY,
    name: 'receivers of events',
    unread: 'who is told of changes cannot be read at the moment',
    unreadable: 'nothing can be changed',
  }
  return following(
    openDocument({ store, logger, audit, now }, called, async (text): Promise<InForce> => {
      if (text === undefined) return { recorder: undefined }
      // Loaded only if there is a document: most registries have none.
      const { createRecorder } = await import('../events/recorder.ts')
      const { readWanted } = await import('../events/wanted.ts')
      const wanted = readWanted(text, (err) =>
        logger.error(
          { key: EVENT_RECEIVERS_KEY, err },
          'receivers of events unusable: all events wait',
        ),
      )
      return { recorder: wanted && createRecorder({ store, wanted, now, wake }) }
    }),
  )
}
