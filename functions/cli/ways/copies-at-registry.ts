/**
 * Images of a registry, as the engine of copies sees them.
 *
 * @module
 */

import { join } from 'node:path'
import { resumeIn } from '../../transfer/blobs/resume.ts'
import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import { hostIn } from '../../transfer/registry/address.ts'
import { authorizing } from '../../transfer/registry/authorize.ts'
import { calledAs, registryDestination } from '../../transfer/registry/destination.ts'
import { credentialsFor } from '../../transfer/registry/docker-config.ts'
import type { Http } from '../../transfer/registry/http.ts'
import { registryOrigin } from '../../transfer/registry/origin.ts'
import { targetAt } from '../../transfer/registry/target.ts'
import { delivering } from '../../transfer/sender.ts'
import type { Io } from '../io.ts'

/** Repositories of a registry. */
export interface RemoteImages {
  origin(name: string): Origin
  /** @param mountFrom another repository there that may have the blobs */
  destination(name: string, mountFrom?: string): Destination
}

/**
 * Opens a registry, with what docker knows of its host. Sends nothing.
 *
 * @param origin its scheme and host
 * @throws TransferError where docker's configuration cannot be read
 */
export const openRemote = async (
  io: Pick<Io, 'env'>,
  http: Http,
  origin: string,
): Promise<RemoteImages> => {
  const credentials = await credentialsFor(hostIn(origin), io.env)
  const { XDG_CACHE_HOME: caches, HOME: home } = io.env
  const cache = caches ?? (home && join(home, '.cache'))
  const resume = cache === undefined ? undefined : resumeIn(join(cache, 'slipway', 'uploads'))
  return {
    origin(name) {
      const own = authorizing(http, origin, credentials, `repository:${name}:pull`)
      return registryOrigin({ http, origin, called: calledAs({ origin, name }), name, own })
    },
    destination(name, mountFrom) {
      const pulls = mountFrom === undefined ? '' : ` repository:${mountFrom}:pull`
      const scope = `repository:${name}:pull,push${pulls}`
      const target = targetAt(http, origin, name, authorizing(http, origin, credentials, scope))
      return registryDestination(target, delivering({ target, resume, mountFrom }))
    },
  }
}
