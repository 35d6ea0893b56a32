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
import type { FindSource, PulledThrough, PushThrough } from './upstream-port.ts'

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

/** A repository that is pushed to. */
export interface Destination {
  /** Its one name here. */
  readonly name: string
  /** Absent: it is one of this registry itself. */
  readonly on?: PushThrough
}

const refusal = (name: string, why: string): RequestError =>
  new RequestError('PULLED_THROUGH', `the repository ${quoted(name)} ${why}`)

/**
 * Where a push goes that its caller may do by this name.
 *
 * @throws RequestError, AccessError: for a repository that comes from an upstream, or may, and to which nothing is pushed on
 */
export const destinationOf = async (
  c: AppContext,
  find: FindSource | undefined,
  name: string,
): Promise<Destination> => {
  const found = (await find?.(name, undefined, c.req.header('Via'))) ?? 'own'
  if (typeof found === 'string') return { name }
  const { unread, pushes, host, again } = found
  if (unread !== undefined) throw unread
  if (pushes === undefined) {
    throw refusal(
      name,
      `is a copy of what ${host} has: push there, or to a name that comes from no upstream`,
    )
  }
  if (pushes === 'not here') {
    throw refusal(
      name,
      `is pushed on to ${host}, which takes more time than a function has: push there, or to a Node server of this registry`,
    )
  }
  if (again) {
    throw refusal(name, `is pushed on to ${host}, which pushes it on to this registry again`)
  }
  if (found.name !== name) await permit(c, found.name, 'push')
  c.set('upstream', found.upstream)
  return { name: found.name, on: pushes }
}
