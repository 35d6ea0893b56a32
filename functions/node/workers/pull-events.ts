/**
 * Pulls that the main process of a server tells of, since it knows who is told.
 *
 * @module
 */

import type { PullEvents } from '../events.ts'
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
): PullEvents => {
  let wanted = false
  let asked = -KNOWN_FOR
  let sent = 0
  return {
    wanted() {
      if (now() - asked >= KNOWN_FOR) {
        asked = now()
        line.ask({ what: 'pullsWanted' }).then(
          (answer) => {
            wanted = answer === true
          },
          () => {},
        )
      }
      return wanted
    },
    pulled(pull, dropped) {
      if (sent >= MOST) return dropped()
      sent += 1
      line
        .ask({ what: 'pulled', pull })
        .catch(dropped)
        .finally(() => {
          sent -= 1
        })
    },
  }
}
