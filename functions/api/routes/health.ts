/**
 * Whether the process serves, and whether requests are to be sent to it: for load balancers and whatever
 * starts processes again. Neither needs credentials, asks the store, or is in the log: they come every few seconds.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppContext, AppEnv } from '../env.ts'
import { commonHeaders } from '../responses.ts'

const say = (c: AppContext, is: boolean): Response =>
  c.text(is ? 'ok\n' : 'not ready\n', is ? 200 : 503, { 'Cache-Control': 'no-store' })

/**
 * Registers `/livez`, which is 200 while the process serves, and `/readyz`, which is 503 while it is not ready.
 * The body does not say why: anybody may ask.
 */
export const healthRoutes = (app: Hono<AppEnv>, isReady: () => boolean = () => true): void => {
  app.get('/livez', commonHeaders, (c) => say(c, true))
  app.get('/readyz', commonHeaders, (c) => say(c, isReady()))
}
