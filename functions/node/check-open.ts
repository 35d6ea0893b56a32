/**
 * Checks at the start that a registry has access control if other machines can reach it.
 *
 * @module
 */

import { AccessError } from '../auth/errors.ts'
import { SettingsError } from '../compose/errors.ts'
import type { Settings } from '../compose/settings.ts'

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/

/** Whether only this machine can connect to the address. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

/** The setting by which other machines can reach the registry, if there is one. */
export const exposedBy = (settings: Settings): string | undefined => {
  const { host } = settings.listen
  if (!isLoopback(host)) return `--listen ${host}`
  // These are set for a proxy in front.
  if (settings['public-url'] !== undefined) return `--public-url ${settings['public-url']}`
  return settings['trust-proxy'] === undefined ? undefined : '--trust-proxy'
}

/**
 * Checks that the first API is not offered to other machines in the clear: its clients send passwords with each request,
 * to whatever answers.
 *
 * @throws SettingsError
 */
export const checkFirstApi = (settings: Settings): void => {
  const guarded = settings['tls-cert'] !== undefined || settings['trust-proxy'] !== undefined
  const { host } = settings.listen
  if (!settings.v1 || guarded || isLoopback(host)) return
  throw new SettingsError(
    `--v1 on: clients of the first API would send passwords in the clear to ${host}: use --tls-cert and --tls-key, or a proxy with TLS in front and --trust-proxy`,
  )
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

/** Who gets in at the start. */
export interface Opening {
  /** Whether anyone may do anything. */
  readonly open: boolean
  /** Whether there are accounts or a policy. */
  readonly setUp: boolean
}

/**
 * Whether the registry starts open to everyone, and is set up.
 *
 * @param exposed the setting by which other machines can reach the registry
 * @throws SettingsError if there is one, and neither accounts nor a policy
 */
export const checkOpen = async (
  settings: Settings,
  exposed: string | undefined,
  isSetUp: () => Promise<boolean>,
): Promise<Opening> => {
  if (settings.auth === 'off') return { open: true, setUp: false }
  const setUp = await isSetUpOrUnreadable(isSetUp)
  if (settings.auth !== 'auto' || setUp) return { open: false, setUp }
  if (exposed === undefined) return { open: true, setUp }
  throw new SettingsError(
    `${exposed} lets other machines reach this registry, which has no accounts and no policy: add an account first (slipway user add NAME), or use --auth off to let anyone push and delete`,
  )
}
