/**
 * Requests to a registry under test, as clients send them.
 *
 * @module
 */

import type { User } from '../../transfer/registry/challenge.ts'
import type { Asked, Client, Reply } from './client.ts'
import { createAuthorize } from './credentials.ts'

/** A repository, and as whom. */
export interface Place {
  /** Scheme and host. */
  readonly origin: string
  readonly repository: string
  readonly user?: User | undefined
}

/** A request without its method and address. */
export type Extra = Omit<Asked, 'method' | 'url'>

/** A response, perhaps after a redirect. */
export interface Followed {
  readonly reply: Reply
  /** Where the redirect led, if there was one. */
  readonly elsewhere: string | undefined
}

/** Sends requests to one host. */
export interface Asking {
  /**
   * Sends a request, with credentials if it is to the registry's own host, as clients do.
   *
   * @param path absolute, or relative to the repository
   */
  ask(method: string, path: string, extra?: Extra): Promise<Reply>
  /** The same, and follows one redirect as clients do: the same method, no Authorization. */
  follow(method: string, path: string, extra?: Extra): Promise<Followed>
  /** Resolves a Location and adds a query to it. */
  resolve(location: string, query?: string): string
}

const REDIRECTS = [301, 302, 303, 307, 308]

/** Asks; nothing is requested yet. */
export const createAsking = (client: Client, { origin, repository, user }: Place): Asking => {
  const scope = `repository:${repository}:pull,push,delete`
  const authorize = createAuthorize(client, origin, user, scope)

  const resolve: Asking['resolve'] = (location, query) => {
    const url = location.startsWith('/') ? `${origin}${location}` : location
    return query === undefined ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`
  }
  const urlOf = (path: string): string =>
    /^https?:/.test(path)
      ? path
      : resolve(path.startsWith('/') ? path : `/v2/${repository}/${path}`)

  const ask: Asking['ask'] = async (method, path, extra = {}) => {
    const url = urlOf(path)
    const authorization = new URL(url).origin === origin ? await authorize() : undefined
    const own = authorization === undefined ? {} : { Authorization: authorization }
    return client.send({ method, url, ...extra, headers: { ...own, ...extra.headers } })
  }

  return {
    ask,
    resolve,
    async follow(method, path, extra = {}) {
      const reply = await ask(method, path, extra)
      const location = reply.headers.get('Location')
      if (location === null || !REDIRECTS.includes(reply.status)) {
        return { reply, elsewhere: undefined }
      }
      const elsewhere = resolve(location)
      return { reply: await client.send({ method, url: elsewhere, ...extra }), elsewhere }
    },
  }
}
