/**
 * A server with `gc` on says that it keeps the fence up, as long as it runs.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { RequestLogger } from '../api/env.ts'
import { LOOK_AGAIN } from '../registry/clean-up/fence.ts'
import { keepNoLonger, keepUp, SERVER_KEEPS } from '../registry/clean-up/keepers.ts'
import type { ObjectStore } from '../storage/store.ts'

/**
 * Says it now and every {@link LOOK_AGAIN}. It does not keep the process alive.
 *
 * @param name of the server, for people
 * @returns a function that takes it back
 */
export const startKeeping = (
  store: ObjectStore,
  name: string,
  logger: RequestLogger,
): (() => Promise<void>) => {
  const id = randomUUID()
  const say = (): Promise<void> =>
    keepUp(store, id, name, SERVER_KEEPS).catch((error: unknown) => {
      logger.warn({ err: error }, 'not said that a clean-up may run')
    })
  let last = say()
  const timer = setInterval(() => {
    last = say()
  }, LOOK_AGAIN).unref()
  return async () => {
    clearInterval(timer)
    await last
    await keepNoLonger(store, id).catch((error: unknown) => {
      logger.warn({ err: error }, 'not said that a clean-up no longer runs')
    })
  }
}
