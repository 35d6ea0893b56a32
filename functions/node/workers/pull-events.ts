/**
 * Pulls that the main process of a server tells of, since it knows who is told.
 *
 * @module
 */

import type { CountedPullEvents } from '../events.ts'
import type { Line } from './line.ts'
import type { ToMain } from './questions.ts'

/** Milliseconds for which the main process is not asked again whether anybody wants to know. */
const KNOWN_FOR = 20_000
/** Pulls on their way to the main process. */
const MOST = 1000

/** A worker's part of it. The main process is asked when there are pulls, and none waits for its answer. */
export const pullEventsOver = (
  line: Pick<Line<ToMain>, 'ask'>,
  now: () => number = () => performance.now(),
): CountedPullEvents => {
  let wanted = false
  let asked = -KNOWN_FOR
  let sent = 0
  const ask = async (): Promise<void> => {
    try {
      wanted = (await line.ask({ what: 'pullsWanted' })) === true
    } catch {
      // It has ended.
    }
  }
  const events: CountedPullEvents = {
    dropped: () => {},
    tell(make) {
      if (now() - asked >= KNOWN_FOR) {
        asked = now()
        void ask()
      }
      if (!wanted) return
      if (sent >= MOST) {
        events.dropped()
        return
      }
      sent += 1
      line
        .ask({ what: 'pulled', pull: make() })
        .catch(() => events.dropped())
        .finally(() => {
          sent -= 1
        })
    },
  }
  return events
}
