/**
 * `slipway serve`: the Node server, until it is asked to stop.
 *
 * @module
 */

import type { Settings } from '../../compose/settings.ts'
import { startServer } from '../../node/server.ts'
import type { Io } from '../io.ts'

/**
 * Starts the server and says where it listens. At the first signal it stops when requests under way
 * are finished or their time is over, at the second at once.
 *
 * @throws whatever keeps it from starting
 */
export const serve = async (
  { env, say, onStop, exit }: Io,
  { settings }: { readonly settings: Settings },
): Promise<void> => {
  const running = await startServer(settings, env)
  const host = new URL(running.url).host
  say(`Slipway listens on ${running.url}. To try it:
  docker tag alpine ${host}/alpine && docker push ${host}/alpine
  docker pull ${host}/alpine`)
  if (running.open) {
    say('It is open: anyone who can reach it may push and delete. See slipway user add.')
  }
  let stopping = false
  onStop(() => {
    // The second signal means it: requests under way are dropped.
    if (stopping) return exit(1)
    stopping = true
    say(`Stopping: requests under way have ${settings['stop-timeout']} s to finish.`)
    void running.stop().then(() => exit(0))
  })
}
