/**
 * Settings as they may be on Lambda, of both kinds of function: blobs are in S3, and clients get them from
 * there.
 *
 * @module
 */

import { isSameOrBelow } from '../../api/store-host.ts'
import { SettingsError } from '../errors.ts'
import { readSettings, type Settings } from '../settings.ts'

/**
 * Reads and checks all settings.
 *
 * @throws SettingsError as `readSettings` does, and for those that contradict how Lambda works
 */
export const readLambdaSettings = (env: Readonly<Record<string, string | undefined>>): Settings => {
  const settings = readSettings([], env)
  if (settings.store.kind !== 's3') {
    throw new SettingsError(
      `SLIPWAY_STORE is ${JSON.stringify(env.SLIPWAY_STORE ?? '')}: on Lambda it must be s3://<bucket>/<prefix>`,
    )
  }
  if (settings['direct-for'] !== undefined) {
    throw new SettingsError(
      'SLIPWAY_DIRECT_FOR is set, but on Lambda blobs are always redirected to S3',
    )
  }
  if (!settings.redirects) {
    throw new SettingsError(
      'SLIPWAY_REDIRECTS is "off", but on Lambda blobs are always redirected to S3',
    )
  }
  if (settings['tls-cert'] !== undefined) {
    throw new SettingsError('SLIPWAY_TLS_CERT is set, but on Lambda AWS has the certificate')
  }
  if (settings['login-secret'] !== undefined) {
    throw new SettingsError(
      'SLIPWAY_LOGIN_SECRET is set, but on Lambda there is no file to keep a secret in: let the issuer have this registry as a public client, with PKCE',
    )
  }
  return settings
}

/**
 * Checks that redirects do not take the credentials of clients along to the store.
 *
 * @throws SettingsError when they would
 */
export const checkHosts = async (
  publicUrl: string | undefined,
  storeHost: () => Promise<string | undefined>,
): Promise<void> => {
  if (publicUrl === undefined) return
  const [own, host] = [new URL(publicUrl).hostname, await storeHost()]
  if (host === undefined || !isSameOrBelow(host, own)) return
  throw new SettingsError(
    `S3 is at ${host}, which is the registry's own host ${own} or below it: clients would send their credentials along to S3, which refuses them. On Lambda blobs are always redirected, so give one of the two another name`,
  )
}
