/**
 * `slipway serve`: the Node server, until it is asked to stop.
 *
 * @module
 */

import type { Settings } from '../../compose/settings.ts'
import { startServer } from '../../node/server.ts'
import { banner } from '../banner.ts'
import { ignoredNote } from '../distribution/variables.ts'
import type { Io } from '../io.ts'
import { commandCall } from '../npm-flags.ts'

/** Milliseconds within which signals are one: npm passes on the Ctrl-C that the terminal sent, too. */
const SAME_SIGNAL = 500

/**
 * Starts the server and says where it listens. At the first signal it stops when requests under way
 * are finished or their time is over, at the second at once.
 *
 * @throws whatever keeps it from starting
 */
export const serve = async (
  { env, now, say, onStop, onReload, exit }: Io,
  { settings }: { readonly settings: Settings },
): Promise<void> => {
  if (settings.workers > 1) {
    const { isWorker, work } = await import('../../node/workers/worker.ts')
    if (isWorker()) {
      // The terminal and systemd signal all processes; the main one says when this one ends.
      onStop(() => {})
      onReload(() => {})
      return work(settings, env, exit)
    }
  }
  const ignored = ignoredNote(env, commandCall(env))
  if (ignored !== undefined) say(ignored)
  let reload = async (): Promise<void> => {}
  // From the beginning: until there is a listener, the signal ends the process.
  onReload(() => void reload())
  let asked: number | undefined
  const running = await startServer(settings, env, (stop) =>
    onStop(() => {
      if (asked !== undefined) {
        // The second signal means it: requests under way are dropped.
        if (now() - asked > SAME_SIGNAL) exit(1)
        return
      }
      asked = now()
      const delay = settings['stop-delay']
      const when = delay === 0 ? '' : ` in ${delay} s`
      say(`Stopping${when}: requests under way have ${settings['stop-timeout']} s to finish.`)
      void stop().then(() => exit(0))
    }),
  )
  reload = running.reload
  if (asked === undefined) say(banner(running, settings, commandCall(env)).join('\n'))
}
