/**
 * Images of a registry, as the engine of copies sees them.
 *
 * @module
 */

import { join } from 'node:path'
import * as z from '../../shared/schema.ts'
import { resumeIn } from '../../transfer/blobs/resume.ts'
import { TransferError } from '../../transfer/errors.ts'
import { hostIn } from '../../transfer/registry/address.ts'
import { type Authorizing, authorizing } from '../../transfer/registry/authorize.ts'
import { calledAs, headManifest, registryDestination } from '../../transfer/registry/destination.ts'
import { type Credentials, credentialsFor } from '../../transfer/registry/docker-config.ts'
import { refused } from '../../transfer/registry/failure.ts'
import type { Http } from '../../transfer/registry/http.ts'
import { registryOrigin } from '../../transfer/registry/origin.ts'
import { jsonOf, pagesOf } from '../../transfer/registry/pages.ts'
import { manifestPath, targetAt } from '../../transfer/registry/target.ts'
import { delivering } from '../../transfer/sender.ts'
import type { Io } from '../io.ts'
import type { AllRepositories } from './copies-io.ts'

const catalog = z.object({ repositories: z.nullish(z.array(z.string())) })

/**
 * Opens a registry. Sends nothing.
 *
 * @param origin its scheme and host
 * @param given credentials. Default: what docker knows of its host
 * @throws TransferError where docker's configuration cannot be read
 */
export const openRemote = async (
  io: Pick<Io, 'env'>,
  http: Http,
  origin: string,
  given?: Credentials,
): Promise<AllRepositories> => {
  const host = hostIn(origin)
  const credentials = given ?? (await credentialsFor(host, io.env))
  const { XDG_CACHE_HOME: caches, HOME: home } = io.env
  const cache = caches ?? (home && join(home, '.cache'))
  const resume = cache === undefined ? undefined : resumeIn(join(cache, 'slipway', 'uploads'))
  const readers = new Map<string, Authorizing>()
  /** What pulls from a repository, with one token for all. */
  const reading = (name: string): Authorizing => {
    const scope = `repository:${name}:pull`
    const own = readers.get(name) ?? authorizing(http, origin, credentials, scope)
    readers.set(name, own)
    return own
  }
  return {
    origin(name) {
      const own = reading(name)
      return registryOrigin({ http, origin, called: calledAs({ origin, name }), name, own })
    },
    destination(name, mountFrom) {
      const pulls = mountFrom === undefined ? '' : ` repository:${mountFrom}:pull`
      const scope = `repository:${name}:pull,push${pulls}`
      const target = targetAt(http, origin, name, authorizing(http, origin, credentials, scope))
      return registryDestination(target, delivering({ target, resume, mountFrom }))
    },
    async names() {
      const own = authorizing(http, origin, credentials, 'registry:catalog:*')
      const list = { called: host, what: 'repositories' }
      const pages = await pagesOf(own, new URL('/v2/_catalog?n=1000', origin).href, list)
      if (pages === undefined) throw new TransferError(`${host} does not list its repositories`)
      return pages.flatMap((page) => {
        const { data } = catalog.safeParse(jsonOf(page, list))
        if (data === undefined) throw new TransferError(`repositories of ${host} are not a list`)
        return data.repositories ?? []
      })
    },
    look: (name, tag) => headManifest(targetAt(http, origin, name, reading(name)), tag),
    async removeTag(name, tag) {
      const scope = `repository:${name}:pull,delete`
      const target = targetAt(http, origin, name, authorizing(http, origin, credentials, scope))
      const url = target.resolve(`${manifestPath(tag)}?override=false`)
      const reply = await target.send({ method: 'DELETE', url })
      if ([200, 202, 204, 404].includes(reply.status)) return
      throw refused(`${calledAs(target)}:${tag} could not be deleted`, reply)
    },
  }
}
