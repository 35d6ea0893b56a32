/**
 * Checks at the start that a registry has access control if other machines can reach it.
 *
 * @module
 */

import { AccessError } from '../auth/errors.ts'
import { SettingsError } from '../compose/errors.ts'
import type { Settings } from '../compose/settings.ts'

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/

/** The setting by which other machines can reach the registry, if there is one. */
export const exposedBy = (settings: Settings): string | undefined => {
  const { host } = settings.listen
  if (!LOOPBACK.test(host)) return `--listen ${host}`
  // These are set for a proxy in front.
  if (settings['public-url'] !== undefined) return `--public-url ${settings['public-url']}`
  return settings['trust-proxy'] === undefined ? undefined : '--trust-proxy'
}

/** Whether there are accounts or a policy. Unreadable ones count: nobody gets in then. */
const isSetUpOrUnreadable = async (isSetUp: () => Promise<boolean>): Promise<boolean> => {
  try {
    return await isSetUp()
  } catch (error) {
    if (error instanceof AccessError && error.code === 'UNAVAILABLE') return true
    throw error
  }
}

/**
 * Whether the registry starts open to everyone.
 *
 * @param exposed the setting by which other machines can reach the registry
 * @throws SettingsError if there is one, and neither accounts nor a policy
 */
export const checkOpen = async (
  settings: Settings,
  exposed: string | undefined,
  isSetUp: () => Promise<boolean>,
): Promise<boolean> => {
  if (settings.auth === 'off') return true
  if (settings.auth !== 'auto' || (await isSetUpOrUnreadable(isSetUp))) return false
  if (exposed === undefined) return true
  throw new SettingsError(
    `${exposed} lets other machines reach this registry, which has no accounts and no policy: add an account first (slipway user add NAME), or use --auth off to let anyone push and delete`,
  )
}
