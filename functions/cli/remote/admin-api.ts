/**
 * The admin API of a registry, as its clients see it.
 *
 * @module
 */

import type { z } from '../../shared/schema.ts'
import { authorizing } from '../../transfer/registry/authorize.ts'
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
  /** The same for what is JSON. @throws CommandError for a response that is something else */
  json<T>(path: string, schema: z.ZodMiniType<T>, question?: Question): Promise<T>
  close(): void
}

/** Whether a 404 says that there is no such path, rather than nothing of a name. */
const lacksPath = (reply: Reply): boolean =>
  reply.status === 404 && !/^[A-Z]+_UNKNOWN\b/.test(wordsOf(reply))

/** Opens the admin API of a registry. Nothing is asked of it yet. @throws UsageError, CommandError, TransferError */
export const openAdminApi = async (place: RegistryPlace, env: Env): Promise<AdminApi> => {
  const http = createHttp(`slipway/${VERSION}`, PATIENCE)
  try {
    const origin = await originOf(http, place)
    const { host } = new URL(origin)
    const credentials = await credentialsFor(host, env)
    if (credentials === undefined) {
      throw new CommandError(
        `${origin} wants to know who asks, and docker knows nothing of ${host}: run docker login ${host}`,
      )
    }
    const own = authorizing(secured(http, place), origin, credentials, SCOPE)
    const ask: AdminApi['ask'] = async (path, expected, question = {}) => {
      const url = `${origin}/api/v1/${path}`
      const reply = await own.send({ method: 'GET', ...question, url })
      if (lacksPath(reply)) {
        throw new CommandError(
          `${origin} has no /api/v1/${path.replace(/\?.*/, '')}: its admin API is off (--admin-api), or it is of an older version`,
        )
      }
      if (!expected.includes(reply.status)) throw refused(origin, reply)
      return reply
    }
    return {
      origin,
      ask,
      async json(path, schema, question) {
        const { body } = await ask(path, [200, 201, 202], question)
        try {
          return schema.parse(JSON.parse(body.toString()))
        } catch (cause) {
          throw new CommandError(
            `${origin}: /api/v1/${path} has a response that this version cannot read`,
            { cause },
          )
        }
      },
      close: http.close,
    }
  } catch (error) {
    http.close()
    throw error
  }
}
