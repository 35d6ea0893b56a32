/**
 * The app over HTTP or HTTPS: what happens to a connection, and how bodies get in and out.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Readable } from 'node:stream'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv, RequestLogger } from '../api/env.ts'
import { literalPath } from '../api/literal-path.ts'
import type { Settings } from '../compose/settings.ts'
import { bodyOf } from './body.ts'
import { originOf } from './origin.ts'
import { sendStream } from './send-stream.ts'

/** Milliseconds without a byte after which a connection is given up. */
const IDLE_TIMEOUT = 5 * 60 * 1000

const listener = async (settings: Settings) => {
  const cert = settings['tls-cert']
  const key = settings['tls-key']
  if (cert === undefined || key === undefined) return { createServer: createHttpServer }
  const serverOptions = { cert: await readFile(cert), key: await readFile(key) }
  return { createServer: createHttpsServer, serverOptions }
}

/**
 * Lets the rest of a body pass that was answered early. The adapter does so, too, but whatever had
 * begun to read the body pauses it again at each chunk: the connection would stand still until it is
 * destroyed, with the client's next request on it.
 */
const discardUnread = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
  outgoing.once('finish', () => {
    if (incoming.complete) return
    incoming.removeAllListeners('data')
    incoming.resume()
  })
}

/** Hands the path on as it was sent. */
const keepPath = (incoming: IncomingMessage): void => {
  const [path = '', ...query] = (incoming.url ?? '').split('?')
  incoming.url = [literalPath(path), ...query].join('?')
}

/**
 * Makes a server of an app; it does not listen yet.
 *
 * @throws whatever keeps the certificate or its key from being read
 */
export const createServerOf = async (
  app: Hono<AppEnv>,
  settings: Settings,
  logger: RequestLogger,
): Promise<Server> => {
  const fetch = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    const { incoming, outgoing } = bindings as HttpBindings
    let body: Readable | undefined
    // Web streams would cost several times what Node's do.
    const response = await app.fetch(request, {
      ...originOf(incoming, settings['trust-proxy']),
      body: () => bodyOf(incoming),
      sendBody: (taken) => {
        body = taken
      },
    } satisfies AppEnv['Bindings'])
    return body === undefined ? response : sendStream(response, body, outgoing, logger)
  }
  const options = { fetch, ...(await listener(settings)) }
  const server = createAdaptorServer(options) as Server
  server.prependListener('request', keepPath)
  server.on('request', discardUnread)
  // A push may take hours; what ends it is silence, not its length.
  server.requestTimeout = 0
  server.timeout = IDLE_TIMEOUT
  return server
}
