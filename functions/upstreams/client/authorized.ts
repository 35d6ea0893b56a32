/**
 * Shows an upstream what it asks for, with what `slipway push` shows registries; here under the rules of upstreams:
 * tokens are asked for at pinned addresses, without redirects, and refusals are told apart.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { cached } from '../../shared/cached.ts'
import { TransferError } from '../../transfer/errors.ts'
import { type Authorizing, authorizing } from '../../transfer/registry/authorize.ts'
import type { User } from '../../transfer/registry/challenge.ts'
import type { Reply } from '../../transfer/registry/http.ts'
import { failureOf, UpstreamError } from './failure.ts'
import type { Kind, Limits } from './limits.ts'
import { isPinned } from './realm.ts'
import { type Ask, ask, type Line, type Response } from './request.ts'
import type { KindsOfSlots } from './slots.ts'
import { hopsOf } from './via.ts'

/** Most bytes of a response that is not what was asked for: a token, a challenge. */
const MOST = 256 * 1024
/** Repositories whose tokens are kept. */
const REPOSITORIES = 500
/** Milliseconds after which what is shown may have ended, so that who refuses it is shown another. */
const OLD = 5 * 60_000

/** One upstream host, and all it takes to ask it. */
export interface Host extends Line {
  /** Scheme and host of its API. */
  readonly origin: string
  readonly limits: Limits
  readonly slots: KindsOfSlots
  /** Clock in milliseconds since 1970. */
  readonly now: () => number
  /** What it is shown; undefined: nothing. @throws Error when it cannot be read */
  readonly user: () => Promise<User | undefined>
  /** Whether what it was shown has ended. Default: that has no end. */
  readonly isOver?: () => boolean
}

/** A request to the upstream's API. */
export interface ApiAsk extends Omit<Ask, 'authorization' | 'url'> {
  /** After the origin, or a URL that the upstream named: another host is shown nothing. */
  readonly path: string
  readonly kind: Kind
  /** Another repository of the upstream that a blob is mounted from. */
  readonly from?: string | undefined
  /** Gives back the slot that whoever asks has taken for it. Default: it waits for one. */
  readonly slot?: (() => void) | undefined
}

/** Milliseconds that a push waits for a slot: whoever sends it waits for it anyway. */
const PUSH_PATIENCE = 15 * 60_000

/** What a token for a repository is asked for: a push needs the right to it. */
const scopeOf = (repository: string, { kind, from }: Pick<ApiAsk, 'kind' | 'from'>): string => {
  const pull = from === undefined ? '' : ` repository:${from}:pull`
  return `repository:${repository}:${kind === 'push' ? 'pull,push' : 'pull'}${pull}`
}

/** Sends requests about a repository, with whatever authorizes them. */
export type Authorized = (repository: string, asked: ApiAsk) => Promise<Response>

/** The failure that a response is. Its body is dropped. */
export const refusal = (
  host: Host,
  kind: Kind,
  response: Response,
  what: string,
): UpstreamError => {
  const { status, headers } = response
  response.drop()
  const retryAfter = host.limits.note(kind, status, headers)
  return new UpstreamError(failureOf(status), `${host.host} responded ${status} to ${what}`, {
    retryAfter,
  })
}

/** Opens a host. */
export const createAuthorized = (host: Host): Authorized => {
  const { origin, limits, now } = host
  /** What the API says of itself: the same for all repositories. */
  const ping = cached(async (): Promise<Reply> => {
    const response = await ask(host, { method: 'GET', url: `${origin}/v2/` })
    const { status, headers } = response
    if (status === 429 || status >= 500) throw refusal(host, 'token', response, 'a look at its API')
    response.drop()
    return { status, headers, body: Buffer.alloc(0) }
  })

  const sendForToken = async (url: string, asked: Omit<Ask, 'url'>): Promise<Reply> => {
    if (!isPinned(origin, url)) {
      throw new UpstreamError(
        'wrong',
        `${host.host} asks for tokens of ${URL.parse(url)?.origin}, which is not of its domain`,
      )
    }
    limits.check('token')
    const response = await ask(host, { ...asked, url })
    const { status, headers } = response
    if (status === 200) return { status, headers, body: await response.read(MOST) }
    const failed = refusal(host, 'token', response, 'a request for a token')
    // There is no such thing as a token that is not there.
    throw failed.failure === 'unknown' ? new UpstreamError('denied', failed.message) : failed
  }

  /** What `authorizing` sends: looks at the API, and requests for tokens. */
  const http = {
    async send({ method, url, headers, body }: Parameters<Authorizing['send']>[0]): Promise<Reply> {
      if (url === `${origin}/v2/`) return ping.get()
      return sendForToken(url, {
        method: method === 'POST' ? 'POST' : 'GET',
        headers: headers as Readonly<Record<string, string>>,
        ...(body instanceof Uint8Array ? { body: Buffer.from(body).toString() } : {}),
      })
    },
  }

  const opened = new LRUCache<string, { readonly own: Authorizing; readonly at: number }>({
    max: REPOSITORIES,
  })
  const of = async (scope: string, anew: boolean): Promise<Authorizing> => {
    if (anew) ping.forget()
    // ECR says 403 to a token that has ended, as to whatever may not be done.
    if (host.isOver?.()) opened.clear()
    const known = anew ? undefined : opened.get(scope)
    if (known !== undefined) return known.own
    const own = authorizing(http, origin, await host.user(), scope, now)
    opened.set(scope, { own, at: now() })
    return own
  }

  /**
   * Whether something else may be let in: a token that ended early, credentials that have changed. ECR says of what
   * has ended that it is denied (403), its public registry that the request is bad (400).
   */
  const mayHaveEnded = (scope: string, status: number): boolean => {
    if (status === 401) return true
    const { at = Number.POSITIVE_INFINITY } = opened.get(scope) ?? {}
    return (status === 400 || status === 403) && now() - at > OLD
  }

  const authorizationFor = async (scope: string, anew: boolean): Promise<string | undefined> => {
    try {
      return await (await of(scope, anew)).authorization()
    } catch (cause) {
      if (!(cause instanceof TransferError)) throw cause
      throw new UpstreamError('wrong', cause.message, { cause })
    }
  }

  const send = async (repository: string, asked: ApiAsk, anew: boolean): Promise<Response> => {
    const { path, kind, from, slot, ...rest } = asked
    const url = new URL(path, origin)
    const authorization =
      url.origin === origin
        ? await authorizationFor(scopeOf(repository, { kind, from }), anew)
        : undefined
    const { blobs, pushes, others } = host.slots
    const patience = kind === 'push' ? PUSH_PATIENCE : undefined
    const takeSlot = asked.open !== undefined ? pushes : kind === 'blob' ? blobs : others
    const release = slot ?? (await takeSlot(hopsOf(rest.headers?.via), patience))
    try {
      const response = await ask(host, { ...rest, url: url.href, authorization })
      void response.closed.then(release)
      return response
    } catch (error) {
      release()
      throw error
    }
  }

  return async (repository, asked) => {
    limits.check(asked.kind)
    let response = await send(repository, asked, false)
    if (mayHaveEnded(scopeOf(repository, asked), response.status)) {
      // Once more, from the beginning.
      response.drop()
      response = await send(repository, { ...asked, slot: undefined }, true)
    }
    limits.note(asked.kind, response.status, response.headers)
    return response
  }
}
