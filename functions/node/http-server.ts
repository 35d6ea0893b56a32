/**
 * The app over HTTP or HTTPS: how connections are treated, and how bodies are received and sent.
 *
 * @module
 */

import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv, RequestLogger } from '../api/env.ts'
import { literalPath } from '../api/request.ts'
import type { Settings } from '../compose/settings.ts'
import { bodyOf } from './body.ts'
import { drain } from './drain.ts'
import { createExchanges } from './exchange.ts'
import type { Front } from './front.ts'
import { clientsAndProxies } from './origin.ts'
import { answerPlainHttp } from './plain-http.ts'
import { sendStream } from './send-stream.ts'
import { type StopLimits, stopServer } from './stop.ts'
import type { Tls } from './tls/tls.ts'

/**
 * Milliseconds without a byte, in either direction, after which a request is given up; more where a body
 * may stand still for longer.
 */
const IDLE_TIMEOUT = 5 * 60 * 1000

/**
 * Milliseconds for which a connection is kept between two requests. Load balancers keep theirs for 60 s:
 * were it closed here first, their next request would be answered with 502.
 */
const KEEP_ALIVE_TIMEOUT = 75 * 1000

/**
 * Milliseconds that the headers of a request may take. More than {@link KEEP_ALIVE_TIMEOUT}, since on a
 * new connection they count from its beginning: a balancer may open it in advance.
 */
const HEADERS_TIMEOUT = KEEP_ALIVE_TIMEOUT + 5000

const listener = (tls: Tls | undefined) =>
  tls === undefined
    ? { createServer: createHttpServer }
    : { createServer: createHttpsServer, serverOptions: tls.options }

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

/** Milliseconds for what requests that were cut by the end clear away. */
export const CLEAN_UP = 5_000

/**
 * Makes a function that waits for the end of the turn of the event loop; all who call it in a turn go on at once, so that
 * responses are written one right after the other. A client on this machine, or a proxy, sleeps while it waits, and to wake
 * it costs up to 30 µs, most of the write; once it is awake, each further response costs a fifth of that.
 */
export const createTurn = (): (() => Promise<void>) => {
  let turn: Promise<void> | undefined
  return () => {
    turn ??= new Promise((resolve) => {
      setImmediate(() => {
        turn = undefined
        resolve()
      })
    })
    return turn
  }
}

/** A server that does not listen yet, and its end. */
export interface AppServer {
  readonly server: Server
  /** Takes no new connections, and waits for the requests under way, but not for longer than set. */
  stop(limits?: StopLimits): Promise<void>
}

export interface ServerOptions {
  readonly logger: RequestLogger
  /** Default: clients, and the proxies that the settings trust. */
  readonly front?: Front
  /** Absent: plain HTTP. */
  readonly tls?: Tls | undefined
}

/** Creates a server for an app. It does not listen yet. */
export const createServerOf = (
  app: Hono<AppEnv>,
  settings: Settings,
  { logger, tls, front = clientsAndProxies(settings['trust-proxy']) }: ServerOptions,
): AppServer => {
  const exchanges = createExchanges()
  const endOfTurn = createTurn()
  const patience = settings['upload-timeout'] * 1000
  const idle = Math.max(IDLE_TIMEOUT, 2 * patience)
  const fetch = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    const { incoming, outgoing } = bindings as HttpBindings
    const exchange = exchanges.begin(incoming, outgoing)
    if (exchange.turn && !(await exchange.turn)) return new Response(null, { status: 503 })
    const certificate = tls?.shown(incoming.socket as TLSSocket)
    // It is not worth keeping.
    if (certificate !== undefined && 'refused' in certificate) outgoing.shouldKeepAlive = false
    const id = front.requestId?.(incoming)
    if (id !== undefined) request.headers.set('X-Request-Id', id)
    const options = { patience, cause: exchange.cause }
    let body: Readable | undefined
    let drained = 0
    // Node's streams, since web streams cost several times as much.
    const response = await exchanges.track(
      app.fetch(request, {
        ...front.originOf(incoming),
        certificate,
        ended: exchange.ended,
        bytes: exchange.bytes,
        body: () => bodyOf(incoming, options),
        drained: () => drained,
        sendBody: (taken) => {
          body = taken
        },
      } satisfies AppEnv['Bindings']),
    )
    if (front.halfDuplex && !incoming.readableEnded) {
      const whole = await drain(incoming, options, (bytes) => {
        drained += bytes
      })
      if (!whole) outgoing.shouldKeepAlive = false
    }
    // With others it would wait for nobody.
    if (exchanges.count > 1) await endOfTurn()
    if (body === undefined) return response
    return sendStream(response, body, outgoing, (err) => {
      exchange.cutBy({ why: 'broken' })
      logger.error({ err }, 'a response broke off')
    })
  }
  const server = createAdaptorServer({
    fetch,
    ...listener(tls),
    // It would give up after half a second, or 64 MB.
    autoCleanupIncoming: !front.halfDuplex,
  }) as Server
  server.prependListener('request', keepPath)
  if (!front.halfDuplex) server.on('request', discardUnread)
  if (settings['tls-cert'] !== undefined) answerPlainHttp(server)
  // A push may take hours: connections end by inactivity, not by age.
  server.requestTimeout = 0
  server.timeout = idle
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT
  server.headersTimeout = HEADERS_TIMEOUT
  server.on('timeout', (socket: Socket) => {
    exchanges.cut(socket, { why: 'silent', seconds: idle / 1000 })
    socket.destroy()
  })
  const usual = { seconds: settings['stop-timeout'], cleanUp: CLEAN_UP }
  return { server, stop: (limits = usual) => stopServer(server, limits, exchanges) }
}
