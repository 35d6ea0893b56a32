/**
 * Pages of keys.
 *
 * @module
 */
import type { ListOptions, ListPage } from '../store.ts'
import type { DirectClient, Listing } from './direct-client.ts'
import { keyIn, type Place } from './place.ts'

const MAX_LIMIT = 1000

/** What a page is asked for; the prefix and `startAfter` begin with the store's own prefix. */
export type ListQuery = { readonly prefix: string; readonly limit: number } & Pick<
  ListOptions,
  'delimiter' | 'startAfter'
>

/** How the SDK reads a page. */
export type SdkList = (query: ListQuery) => Promise<Listing>

/** Tries the direct client first, if there is one, then the SDK. */
const readPage = async (
  direct: DirectClient | undefined,
  sdk: SdkList,
  query: ListQuery,
): Promise<Listing> => {
  const { prefix, limit, delimiter, startAfter } = query
  // XML cannot represent every character that a key may contain.
  const page = await direct?.list({
    'list-type': '2',
    'encoding-type': 'url',
    prefix,
    'max-keys': String(limit),
    ...(delimiter !== undefined && { delimiter }),
    ...(startAfter !== undefined && { 'start-after': startAfter }),
  })
  return page ?? sdk(query)
}

/** One page of keys; see the port. Throws RangeError for a limit that is not 1 to 1000. */
export const list = async (
  place: Place,
  direct: DirectClient | undefined,
  sdk: SdkList,
  prefix: string,
  { delimiter, startAfter = '', limit = MAX_LIMIT }: ListOptions = {},
): Promise<ListPage> => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`limit ${limit} is not 1 to ${MAX_LIMIT}`)
  }
  const { objects, prefixes, truncated, encoding } = await readPage(direct, sdk, {
    prefix: place.prefix + prefix,
    limit,
    ...(delimiter !== undefined && { delimiter }),
    ...(startAfter !== '' && { startAfter: place.prefix + startAfter }),
  })
  const decode = (text: string) => keyIn(place, encoding, text)
  return {
    objects: objects.map((object) => ({ ...object, key: decode(object.key) })),
    prefixes: prefixes.map(decode),
    truncated,
  }
}
