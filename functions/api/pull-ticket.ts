/**
 * Lets a client get one blob on another host of this registry, where it is redirected to. Clients take no credentials along
 * to another host, so the right is in the URL, for as long as a URL of the store would be good.
 *
 * @module
 */

import type { Digest } from '../registry/reference.ts'
import { decrypt, encrypt } from '../shared/encrypted.ts'
import * as z from '../shared/schema.ts'

/** The parameter that has it. */
export const TICKET = '_pull'

/** Seconds for which it is good: enough to start, and to resume what broke off. */
const LIFE = 15 * 60

const ISSUER = 'slipway-pull'

const schema = z.object({
  iss: z.literal(ISSUER),
  exp: z.number(),
  name: z.string(),
  digest: z.string(),
})

export interface PullTickets {
  /** For whoever may pull, and have fetched, a blob of a repository by its name here. */
  issue(name: string, digest: Digest): Promise<string>
  /** Whether a ticket is for this blob, and still good. */
  isGood(ticket: string, name: string, digest: Digest): Promise<boolean>
}

/**
 * @param secret gives 32 bytes, the same for every host of the registry
 * @param now clock in milliseconds since 1970
 */
export const createPullTickets = (
  secret: () => Promise<Uint8Array>,
  now: () => number = Date.now,
): PullTickets => ({
  issue: async (name, digest) =>
    encrypt({ iss: ISSUER, exp: Math.floor(now() / 1000) + LIFE, name, digest }, await secret()),
  async isGood(ticket, name, digest) {
    const { data } = schema.safeParse(decrypt(ticket, await secret()))
    return data?.name === name && data.digest === digest && now() < data.exp * 1000
  },
})
