/**
 * The admin API of a registry, as its clients see it.
 *
 * @module
 */

import type { z } from '../../shared/schema.ts'
import { hostIn } from '../../transfer/registry/address.ts'
import { type Authorizing, authorizing } from '../../transfer/registry/authorize.ts'
import { credentialsFor, type Env } from '../../transfer/registry/docker-config.ts'
import { refused, wordsOf } from '../../transfer/registry/failure.ts'
import { createHttp, type Outgoing, type Reply } from '../../transfer/registry/http.ts'
import type { RegistryPlace } from '../command.ts'
import { CommandError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { originOf, secured } from './address.ts'

/** Milliseconds for which a connection may stand still. */
const PATIENCE = 2 * 60_000
/** What tokens are asked for. */
const SCOPE = 'registry:admin:*'

/** A request: its path below /api/v1, and what else is sent. */
export interface Question extends Pick<Outgoing, 'headers' | 'body'> {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** What a token is asked for. Default: to administer. */
  readonly scope?: string
}

/** The admin API of a registry. */
export interface AdminApi {
  /** Scheme and host. */
  readonly origin: string
  /**
   * Sends a request, with what docker knows of the host.
   *
   * @param path below /api/v1/, encoded
   * @param expected statuses that are no failure
   * @throws TransferError in the registry's words for any other status; CommandError where there is no such API
   */
  ask(path: string, expected: readonly number[], question?: Question): Promise<Reply>
  /** Reads a response of JSON. @throws CommandError for one that is something else */
  read<T>(reply: Pick<Reply, 'body'>, schema: z.ZodMiniType<T>): T
  /** Asks for JSON. @throws as `ask` and `read` do */
  json<T>(path: string, schema: z.ZodMiniType<T>, question?: Question): Promise<T>
  /**
   * Sends a request of the distribution API, by whoever docker knows of the host, or by nobody. A redirect of a GET is
   * followed, without credentials.
   *
   * @param path below /v2/
   * @param scope what a token is asked for
   * @throws as `ask` does
   */
  distribution(
    path: string,
    expected: readonly number[],
    scope: string,
    question?: Omit<Question, 'scope'>,
  ): Promise<Reply>
  close(): void
}

/** Most redirects of one request. */
const MOST_REDIRECTS = 3

/** Whether a 404 says that there is no such path, rather than nothing of a name. */
const lacksPath = (reply: Reply): boolean =>
  reply.status === 404 && !/^[A-Z]+_UNKNOWN\b/.test(wordsOf(reply) ?? '')

/** Opens the admin API of a registry. Nothing is asked of it yet. @throws UsageError, CommandError, TransferError */
export const openAdminApi = async (place: RegistryPlace, env: Env): Promise<AdminApi> => {
  const http = createHttp(`slipway/${VERSION}`, PATIENCE)
  try {
    const origin = await originOf(http, place)
    const host = hostIn(origin)
    const credentials = await credentialsFor(host, env)
    const safe = secured(http, place)
    const scopes = new Map<string, Authorizing>()
    const authorized = (scope: string): Authorizing => {
      const by = scopes.get(scope) ?? authorizing(safe, origin, credentials, scope)
      scopes.set(scope, by)
      return by
    }
    const ask: AdminApi['ask'] = async (path, expected, { scope = SCOPE, ...question } = {}) => {
      if (credentials === undefined) {
        throw new CommandError(
          `${origin} wants to know who asks, and docker knows nothing of ${host}: run docker login ${host}`,
        )
      }
      const url = `${origin}/api/v1/${path}`
      const reply = await authorized(scope).send({ method: 'GET', ...question, url })
      if (lacksPath(reply)) {
        throw new CommandError(
          `${origin} has no /api/v1/${path.replace(/\?.*/, '')}: its admin API is off (--admin-api), or it is of an older version`,
        )
      }
      if (!expected.includes(reply.status)) throw refused(origin, reply)
      return reply
    }
    const distribution: AdminApi['distribution'] = async (path, expected, scope, question = {}) => {
      let url = `${origin}/v2/${path}`
      let reply = await authorized(scope).send({ method: 'GET', ...question, url })
      for (let at = 0; at < MOST_REDIRECTS && [302, 307].includes(reply.status); at++) {
        const { location } = reply.headers
        if (question.method !== undefined || location === undefined) break
        url = new URL(location, url).href
        reply = await http.send({ method: 'GET', url })
      }
      if (!expected.includes(reply.status)) throw refused(origin, reply)
      return reply
    }
    const read: AdminApi['read'] = ({ body }, schema) => {
      try {
        return schema.parse(JSON.parse(body.toString()))
      } catch (cause) {
        const message = `${origin} responds in a way that this version cannot read`
        throw new CommandError(message, { cause })
      }
    }
    return {
      origin,
      ask,
      distribution,
      read,
      json: async (path, schema, question) =>
        read(await ask(path, [200, 201, 202], question), schema),
      close: http.close,
    }
  } catch (error) {
    http.close()
    throw error
  }
}
