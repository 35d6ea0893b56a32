/**
 * Blobs of upstreams where bytes cannot pass through: clients are sent to where the upstream sends them itself, or to a
 * host of this registry that streams, or are told to come again when the blob is here.
 *
 * @module
 */

import type { Caller } from '../auth/authorizer.ts'
import type { Digest } from '../registry/reference.ts'
import type { AppContext, AppOptions } from './env.ts'
import { RequestError } from './errors.ts'
import { mayRedirect } from './middleware/permit.ts'
import { TICKET } from './pull-ticket.ts'
import { redirect } from './responses.ts'
import type { Elsewhere, FindSource, PulledThrough } from './upstream-port.ts'
import type { Source } from './upstreams.ts'

/** Seconds after which a client may try again: most layers are here by then. */
const RETRY_AFTER = 10

/** Whether the client may be sent there: not where it would take its credentials along. */
const mayGo = (c: AppContext, url: string): Promise<boolean> =>
  mayRedirect(c, { direct: undefined, storeHost: async () => new URL(url).hostname })

/**
 * Sends a client to where it gets a blob that is not here.
 *
 * @returns `here` when the repository has it by now, `streamed` when it is sent from here as it arrives
 * @throws RequestError UPSTREAM_AWAY, with a time, when it has to wait until the blob is here; what the port throws
 */
export const sendElsewhere = async (
  c: AppContext,
  { elsewhere, name, host }: PulledThrough & { readonly elsewhere: Elsewhere },
  digest: Digest,
  { uploadOrigin, tickets }: Pick<AppOptions, 'uploadOrigin' | 'tickets'>,
): Promise<Response | 'here' | 'streamed'> => {
  const found = await elsewhere(digest, c.req.method === 'HEAD' ? 'HEAD' : 'GET')
  if (found === 'here' || found === 'streamed') return found
  if (found !== 'nowhere' && (await mayGo(c, found))) return redirect(c, found)
  if (uploadOrigin !== undefined && tickets) {
    const url = new URL(`/v2/${name}/blobs/${digest}`, uploadOrigin)
    url.searchParams.set(TICKET, await tickets.issue(name, digest))
    return redirect(c, url.href)
  }
  throw new RequestError(
    'UPSTREAM_AWAY',
    `the blob ${digest} of ${name} is being copied from ${host}: try again in ${RETRY_AFTER} s`,
    { retryAfter: RETRY_AFTER },
  )
}

/** A blob that a client was sent here for. */
export type TicketedSource = Omit<Source, 'caller'> & { readonly caller: Pick<Caller, 'via'> }

/** @returns undefined for a request without a ticket that is good for this blob */
export const ticketedSource = async (
  c: AppContext,
  { tickets }: Pick<AppOptions, 'tickets'>,
  find: FindSource,
  name: string,
  digest: string,
): Promise<TicketedSource | undefined> => {
  const ticket = c.req.query(TICKET)
  if (ticket === undefined || !(await tickets?.isGood(ticket, name, digest as Digest))) {
    return undefined
  }
  const found = await find(name, undefined, c.req.header('Via'))
  const caller = { via: 'bearer' } as const
  if (typeof found === 'string') return { name, caller }
  c.set('upstream', found.upstream)
  if (found.again) return { name: found.name, caller }
  // The other host has looked where else it is.
  const from = found.streams ? { ...found, elsewhere: undefined } : found
  return { name: found.name, caller, from }
}
