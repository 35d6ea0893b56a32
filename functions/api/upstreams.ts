/**
 * Which requests are about other registries' repositories.
 *
 * @module
 */

import { nameUnknown } from '../registry/tags.ts'
import { quoted } from '../shared/errors.ts'
import type { AppContext } from './env.ts'
import { RequestError } from './errors.ts'
import { originOf, permit } from './middleware/permit.ts'
import type { FindSource, PulledThrough } from './upstream-port.ts'

/** The repository that a request is about. */
export interface Source {
  readonly name: string
  /** Absent: it is one of this registry itself. */
  readonly from?: PulledThrough
}

/** The host that the client really wants; none where that is this registry. */
const namespaceOf = (c: AppContext): string | undefined => {
  const namespace = c.req.query('ns') ?? c.req.header('OCI-Namespace')
  return namespace === new URL(originOf(c)).host ? undefined : namespace
}

/**
 * The repository that a pull is about. Nothing of it is read.
 *
 * @param name as in the path
 * @throws RegistryError NAME_UNKNOWN, for those who may pull, where the client wants another host that is
 *   none of the upstreams, so that it goes on to its next mirror
 */
export const sourceOf = async (c: AppContext, find: FindSource, name: string): Promise<Source> => {
  const found = await find(name, namespaceOf(c))
  if (found === 'own') return { name }
  if (found !== 'unknown') return { name: found.name, from: found }
  await permit(c, name, 'pull')
  throw nameUnknown(name)
}

/** Refuses a push to a repository that comes from an upstream. @throws RequestError */
export const refuseThrough = async (find: FindSource, name: string): Promise<void> => {
  const found = await find(name, undefined)
  if (typeof found === 'string') return
  throw new RequestError(
    'PULLED_THROUGH',
    `the repository ${quoted(name)} is a copy of what ${found.host} has: push there, or to a name that comes from no upstream`,
  )
}
