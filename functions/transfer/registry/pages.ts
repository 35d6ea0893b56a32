/**
 * Lists that a registry gives in pages.
 *
 * @module
 */

import { TransferError } from '../errors.ts'
import { shown } from './address.ts'
import type { Authorized } from './authorize.ts'
import { refused } from './failure.ts'
import type { Reply } from './http.ts'

/** Most pages of a list: registries have 50 to 1000 tags on one. */
const MOST_PAGES = 10_000
/** Most bytes of a list. */
const MOST_LIST = 256 * 1024 * 1024

/** A list, in messages. */
export interface List {
  /** What they call the repository or registry that it is of. */
  readonly called: string
  /** What is on it: `tags`. */
  readonly what: string
}

/** Where the next page is: RFC 8288, of which registries use one link. */
const nextOf = ({ headers }: Reply): string | undefined =>
  String(headers.link ?? '').match(/<([^>]+)>\s*;\s*rel="?next"?/i)?.[1]

/**
 * Reads all pages.
 *
 * @param url of the first
 * @returns undefined where there is no such list
 * @throws RefusedError, TransferError
 */
export const pagesOf = async (
  own: Authorized,
  url: string,
  { called, what }: List,
): Promise<readonly Reply[] | undefined> => {
  // As URLs have it, which may not be as it was written: `https://REGISTRY.example:443`.
  const itself = new URL(url).origin
  const found: Reply[] = []
  const asked = new Set<string>()
  let size = 0
  for (let next: string | undefined = url; next !== undefined; ) {
    asked.add(next)
    const reply: Reply = await own.send({ method: 'GET', url: next })
    if (reply.status === 404 && found.length === 0) return undefined
    if (reply.status !== 200) throw refused(`${what} of ${called} cannot be had`, reply)
    found.push(reply)
    size += reply.body.length
    const link = nextOf(reply)
    next = link === undefined ? undefined : URL.parse(link, next)?.href
    if (link !== undefined && (next === undefined || new URL(next).origin !== itself)) {
      throw new TransferError(`${called} leads to ${shown(link)}, which is another host`)
    }
    if (next === undefined) break
    if (asked.has(next) || found.length >= MOST_PAGES || size > MOST_LIST) {
      throw new TransferError(`${called} has a list of ${what} without an end`)
    }
  }
  return found
}

/** What a page says. @throws TransferError where it is not JSON */
export const jsonOf = ({ body }: Reply, { called, what }: List): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new TransferError(`${what} of ${called} are not JSON`, { cause })
  }
}
