/**
 * Which requests are about other registries' repositories.
 *
 * @module
 */

import type { Caller } from '../auth/authorizer.ts'
import { nameUnknown } from '../registry/tags.ts'
import { quoted } from '../shared/errors.ts'
import type { AppContext } from './env.ts'
import { RequestError } from './errors.ts'
import { originOf, permit } from './middleware/permit.ts'
import { namespaceIn } from './namespace.ts'
import type { FindSource, PulledThrough } from './upstream-port.ts'

/** The repository that a pull is about, and who pulls. */
export interface Source {
  readonly name: string
  readonly caller: Caller
  /** Absent: it is one of this registry itself, or nothing is to be fetched for the caller, who gets what is here. */
  readonly from?: PulledThrough
}

/** The host that the client really wants; none where that is this registry. */
const namespaceOf = (c: AppContext): string | undefined => {
  const namespace = namespaceIn(c)
  return namespace === new URL(originOf(c)).host ? undefined : namespace
}

/**
 * Lets a pull continue if its caller may pull from the repository that it is about, by its name here.
 *
 * @param name as in the path
 * @throws what `permit` throws; RegistryError NAME_UNKNOWN, for those who may pull, where the client wants another host
 *   that is none of the upstreams, so that it goes on to its next mirror
 */
export const sourceOf = async (c: AppContext, find: FindSource, name: string): Promise<Source> => {
  const found = await find(name, namespaceOf(c), c.req.header('Via'))
  if (typeof found === 'string') {
    const caller = await permit(c, name, 'pull')
    if (found === 'unknown') throw nameUnknown(name)
    return { name, caller }
  }
  const caller = await permit(c, found.name, 'pull')
  const { name: local } = found
  if (found.unread === undefined) c.set('upstream', found.upstream)
  return caller.allows(local, 'fetch') && !found.again
    ? { name: local, caller, from: found }
    : { name: local, caller }
}

/** Refuses a push to a repository that comes from an upstream, or may. @throws RequestError, AccessError */
export const refuseThrough = async (find: FindSource, name: string): Promise<void> => {
  const found = await find(name, undefined, undefined)
  if (typeof found === 'string') return
  if (found.unread !== undefined) throw found.unread
  throw new RequestError(
    'PULLED_THROUGH',
    `the repository ${quoted(name)} is a copy of what ${found.host} has: push there, or to a name that comes from no upstream`,
  )
}
