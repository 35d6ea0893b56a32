/**
 * The app as the settings have it; the hosts differ only in how requests reach it.
 *
 * @module
 */

import type { Hono } from 'hono'
import { pino, stdTimeFunctions } from 'pino'
import { createApp } from '../api/app.ts'
import type { AppEnv } from '../api/env.ts'
import { openAuthorizer } from '../auth/authorizer.ts'
import { createRegistry } from '../registry/registry.ts'
import { openStore, uploadSecret } from './open-store.ts'
import type { Settings } from './settings.ts'

/** What the host itself decides. */
export interface HostOptions {
  /** See `AppOptions.redirectHeads`. */
  readonly redirectHeads: boolean
}

/**
 * Opens the store and builds the app over it. Log lines go to standard output.
 *
 * @throws StoreError when the store cannot be read
 */
export const openApp = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  { redirectHeads }: HostOptions,
): Promise<Hono<AppEnv>> => {
  const store = openStore(settings, env)
  return createApp({
    registry: createRegistry({ store, uploadSecret: await uploadSecret(store) }),
    logger: pino({
      level: settings['log-level'],
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    }),
    authorizer: openAuthorizer,
    redirects: settings.redirects,
    redirectHeads,
    readOnly: settings['read-only'],
  })
}
