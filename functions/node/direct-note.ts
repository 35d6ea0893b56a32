/**
 * Tells at the start whether the store is at the registry's own host, so that clients with credentials
 * are not redirected to it.
 *
 * @module
 */

import { isSameOrBelow } from '../api/store-host.ts'
import type { Settings } from '../compose/settings.ts'

/**
 * A note if the store's host is at or below the name that the settings give the registry. Other names are
 * known only when clients use them.
 */
export const directNote = async (
  settings: Pick<Settings, 'listen' | 'public-url' | 'redirects'>,
  storeHost: () => Promise<string | undefined>,
): Promise<readonly string[]> => {
  if (!settings.redirects) return []
  // Without credentials nothing is redirected either, and requests say what is wrong.
  const host = await storeHost().catch(() => undefined)
  const { 'public-url': publicUrl, listen } = settings
  const own = publicUrl === undefined ? listen.host : new URL(publicUrl).hostname
  if (host === undefined || !isSameOrBelow(host, own)) return []
  return [
    `S3 is at ${host}, the registry's own host or below it: clients with credentials get blobs from here, as they would send these along to S3, which refuses them.`,
  ]
}
