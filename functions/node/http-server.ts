/**
 * The app over HTTP or HTTPS: how connections are treated, and how bodies are received and sent.
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
import { literalPath } from '../api/request.ts'
import type { Settings } from '../compose/settings.ts'
import { bodyOf } from './body.ts'
import { originOf } from './origin.ts'
import { sendStream } from './send-stream.ts'

/** Milliseconds without a byte after which a connection is closed. */
const IDLE_TIMEOUT = 5 * 60 * 1000

const listener = async (settings: Settings) => {
  const cert = settings['tls-cert']
  const key = settings['tls-key']
  if (cert === undefined || key === undefined) return { createServer: createHttpServer }
  const serverOptions = { cert: await readFile(cert), key: await readFile(key) }
  return { createServer: createHttpsServer, serverOptions }
}

/**
 * Discards the rest of a body when the response was sent early. The adapter does so, too, but whatever
 * had started to read the body pauses it again at each chunk: the connection would stall, with the
 * client's next request on it, until it is destroyed.
 */
const discardUnread = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
  outgoing.once('finish', () => {
    if (incoming.complete) return
    incoming.removeAllListeners('data')
    incoming.resume()
  })
}

/** Passes the path on as it was sent. */
const keepPath = (incoming: IncomingMessage): void => {
  const [path = '', ...query] = (incoming.url ?? '').split('?')
  incoming.url = [literalPath(path), ...query].join('?')
}

/**
 * Creates a server for an app. It does not listen yet.
 *
 * @throws the error of reading the certificate or its key
 */
export const createServerOf = async (
  app: Hono<AppEnv>,
  settings: Settings,
  logger: RequestLogger,
): Promise<Server> => {
  const fetch = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    const { incoming, outgoing } = bindings as HttpBindings
    let body: Readable | undefined
    // Node's streams, since web streams cost several times as much.
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
  // A push may take hours: connections end by inactivity, not by age.
  server.requestTimeout = 0
  server.timeout = IDLE_TIMEOUT
  return server
}
