/**
 * A server sends events to the receivers of the document, if there are any.
 *
 * @module
 */

import { hostname } from 'node:os'
import type { RequestLogger } from '../api/env.ts'
import { readDocument } from '../auth/document.ts'
import { liveDocument } from '../auth/live.ts'
import { startLoop } from '../events/loop.ts'
import type { Receiver } from '../events/receivers.ts'
import type { Sender } from '../events/sender.ts'
import type { PullEvents, TellPull } from '../registry/happened.ts'
import { EVENT_RECEIVERS_KEY } from '../registry/layout.ts'
import { DocumentError } from '../shared/errors.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Milliseconds between looks for a document while there is none; who records an event wakes sooner. */
const LOOK = 600_000
/** Milliseconds until the document is read again that could not be. */
const AGAIN = 20_000

const NONE: readonly Receiver[] = []

/** Where a server is. */
export interface Whereabouts {
  /** `--public-url`. */
  readonly publicUrl: string | undefined
  /** Where it listens, as clients name it. */
  readonly url: string
}

/** Who tells of pulls, and what counts those that a receiver is not told of. */
export interface CountedPullEvents extends PullEvents {
  dropped: () => void
}

/** What sends events. */
export interface SendingEvents {
  readonly pulls: CountedPullEvents
  /** Says that there may be something to be sent. Takes no time. */
  wake(): void
  /** Looks now, and from then on. It does not keep the process alive. @returns what stops it, within seconds */
  start(store: ObjectStore, whereabouts: Whereabouts): () => Promise<void>
}

/** The receivers, as of now. */
const following = (store: ObjectStore, logger: RequestLogger) =>
  liveDocument(
    EVENT_RECEIVERS_KEY,
    async (text) => {
      if (text === undefined) return NONE
      // Loaded only if there is a document: most registries have none.
      const { parseReceivers } = await import('../events/receivers.ts')
      return parseReceivers(text)
    },
    {
      store,
      now: Date.now,
      unread: 'the receivers of events cannot be read at the moment',
      report(event) {
        if (event.outcome === 'loaded' || event.outcome === 'partly') return
        const consequence =
          event.outcome === 'kept' ? 'the last good ones are sent events' : 'events wait'
        logger.error(
          { key: event.key, err: event.error },
          `receivers of events unusable: ${consequence}`,
        )
      },
    },
  )

/**
 * The receivers as the store has them now; where that is invalid, the last good ones.
 *
 * @throws StoreError: nobody knows who is told
 */
const readingNow = (store: ObjectStore, good: () => Promise<readonly Receiver[]>) => {
  let last: { readonly text: string; readonly receivers: readonly Receiver[] } | undefined
  return async (): Promise<readonly Receiver[]> => {
    try {
      const text = await readDocument(store, EVENT_RECEIVERS_KEY)
      if (text === undefined) return NONE
      if (last?.text !== text) {
        const { parseReceivers } = await import('../events/receivers.ts')
        last = { text, receivers: parseReceivers(text) }
      }
      return last.receivers
    } catch (error) {
      if (error instanceof DocumentError) return good()
      throw error
    }
  }
}

interface Seat extends CountedPullEvents {
  tell: TellPull | undefined
}

/** What sends is loaded once there are receivers. */
const open = async (
  store: ObjectStore,
  receivers: () => Promise<readonly Receiver[]>,
  env: Readonly<Record<string, string | undefined>>,
  logger: RequestLogger,
  whereabouts: Whereabouts,
  seat: Seat,
): Promise<{ readonly sender: Sender; readonly endPulls: () => void }> => {
  const { startSender } = await import('../events/sender.ts')
  const { createPulls } = await import('../events/pulls.ts')
  const { openPost, reportingTo } = await import('../compose/sending-events.ts')
  const address = `${hostname()}:${new URL(whereabouts.url).port}`
  const post = openPost(store, env, { ...whereabouts, address })
  const requests = new AbortController()
  const report = reportingTo(logger)
  const { delivery } = report
  const { signal } = requests
  const pulls = createPulls({ store, post, now: Date.now, signal, report: delivery })
  const sender = startSender({
    store,
    async receivers() {
      const all = await receivers()
      const looking = pulls.follow(all)
      seat.tell = pulls.isWanted() ? (make) => pulls.tell(make(), () => seat.dropped()) : undefined
      await looking
      return all
    },
    current: readingNow(store, receivers),
    post,
    report,
  })
  return { sender, endPulls: () => requests.abort() }
}

/** @param env where secrets are that the document names */
export const sendingEvents = (
  env: Readonly<Record<string, string | undefined>>,
  logger: RequestLogger,
): SendingEvents => {
  let wake = (): void => {}
  let opened: Awaited<ReturnType<typeof open>> | undefined
  const pulls: Seat = { tell: undefined, dropped: () => {} }
  return {
    wake: () => wake(),
    pulls,
    start(store, whereabouts) {
      const { get } = following(store, logger)
      const loop = startLoop(async () => {
        if (opened !== undefined) return undefined
        try {
          if ((await get()).length === 0) return LOOK
          opened = await open(store, get, env, logger, whereabouts, pulls)
          return undefined
        } catch {
          // It is in the log.
          return AGAIN
        }
      })
      wake = () => (opened?.sender ?? loop).wake()
      return async () => {
        await loop.stop()
        opened?.endPulls()
        await opened?.sender.stop()
      }
    },
  }
}
