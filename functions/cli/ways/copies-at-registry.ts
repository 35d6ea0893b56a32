/**
 * Images of a registry, as the engine of copies sees them.
 *
 * @module
 */

import { join } from 'node:path'
import { resumeIn } from '../../transfer/blobs/resume.ts'
import type { Destination, Origin } from '../../transfer/copy/ports.ts'
import { authorizing } from '../../transfer/registry/authorize.ts'
import { calledAs, registryDestination } from '../../transfer/registry/destination.ts'
import { credentialsFor } from '../../transfer/registry/docker-config.ts'
import type { Http } from '../../transfer/registry/http.ts'
import { registryOrigin } from '../../transfer/registry/origin.ts'
import { originOf, targetAt } from '../../transfer/registry/target.ts'
import { delivering } from '../../transfer/sender.ts'
import type { Io } from '../io.ts'

/** A repository, and how it is asked. */
export interface RemotePlace {
  /** With its port. */
  readonly host: string
  readonly name: string
  readonly plainHttp: boolean
  /** Another repository there that may have the blobs. */
  readonly mountFrom?: string | undefined
}

/** A repository of a registry. */
export interface RemoteImages {
  origin(): Origin
  destination(): Destination
}

/** Opens a repository, with what docker knows of its host. @throws TransferError */
export const openRemote = async (
  io: Pick<Io, 'env'>,
  http: Http,
  { host, name, plainHttp, mountFrom }: RemotePlace,
): Promise<RemoteImages> => {
  const origin = await originOf(http, host, plainHttp)
  const credentials = await credentialsFor(host, io.env)
  const { XDG_CACHE_HOME: caches, HOME: home } = io.env
  const cache = caches ?? (home && join(home, '.cache'))
  return {
    origin() {
      const own = authorizing(http, origin, credentials, `repository:${name}:pull`)
      return registryOrigin({ http, origin, called: calledAs({ origin, name }), name, own })
    },
    destination() {
      const pulls = mountFrom === undefined ? '' : ` repository:${mountFrom}:pull`
      const scope = `repository:${name}:pull,push${pulls}`
      const target = targetAt(http, origin, name, authorizing(http, origin, credentials, scope))
      const resume = cache === undefined ? undefined : resumeIn(join(cache, 'slipway', 'uploads'))
      return registryDestination(target, delivering({ target, resume, mountFrom }))
    },
  }
}
