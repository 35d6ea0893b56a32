/**
 * Who gets in at the start: a registry that others reach needs to be told who may do what.
 *
 * @module
 */

import { AccessError } from '../auth/errors.ts'
import { SettingsError } from '../compose/errors.ts'
import type { Settings } from '../compose/settings.ts'

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/

/** What lets others than this machine in, or undefined. */
export const exposedBy = (settings: Settings): string | undefined => {
  const { host } = settings.listen
  if (!LOOPBACK.test(host)) return `--listen ${host}`
  // Whoever sets these puts a proxy in front.
  if (settings['public-url'] !== undefined) return `--public-url ${settings['public-url']}`
  return settings['trust-proxy'] === undefined ? undefined : '--trust-proxy'
}

/** Whether accounts or a policy are there; unreadable ones are, and nobody gets in. */
const isSetUpOrUnreadable = async (isSetUp: () => Promise<boolean>): Promise<boolean> => {
  try {
    return await isSetUp()
  } catch (error) {
    if (error instanceof AccessError && error.code === 'UNAVAILABLE') return true
    throw error
  }
}

/**
 * Whether the registry is open to all at the start.
 *
 * @param exposed what lets others in
 * @throws SettingsError when others reach the address and nothing says who may do what
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
    `${exposed} lets others in, and nothing says who may do what: add an account first (slipway user add NAME), or say --auth off to let anyone push and delete`,
  )
}
