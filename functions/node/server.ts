/**
 * The Node server: the app over HTTP or HTTPS on one address.
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
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { AppEnv } from '../api/env.ts'
import { literalPath } from '../api/literal-path.ts'
import { AccessError } from '../auth/errors.ts'
import { SettingsError } from '../compose/errors.ts'
import { openApp } from '../compose/open-app.ts'
import type { Settings } from '../compose/settings.ts'
import { bodyOf } from './body.ts'
import { startHousekeeping } from './housekeeping.ts'
import { originOf } from './origin.ts'
import { sendStream } from './send-stream.ts'

/** Milliseconds without a byte after which a connection is given up. */
const IDLE_TIMEOUT = 5 * 60 * 1000

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, as clients name it: `http://127.0.0.1:5000`. */
  readonly url: string
  /** Whether everybody may do everything, as it is at the start. */
  readonly open: boolean
  /** Takes no new connections, waits until requests under way are answered. */
  stop(): Promise<void>
}

const listener = async (settings: Settings) => {
  const cert = settings['tls-cert']
  const key = settings['tls-key']
  if (cert === undefined || key === undefined) return { createServer: createHttpServer }
  const serverOptions = { cert: await readFile(cert), key: await readFile(key) }
  return { createServer: createHttpsServer, serverOptions }
}

const urlOf = (settings: Settings, { address, family, port }: AddressInfo): string => {
  const scheme = settings['tls-cert'] === undefined ? 'http' : 'https'
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
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

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/

/** What lets others than this machine in, or undefined. */
const letsOthersIn = (settings: Settings): string | undefined => {
  const { host } = settings.listen
  if (!LOOPBACK.test(host)) return `--listen ${host}`
  // Whoever sets these puts a proxy in front.
  if (settings['public-url'] !== undefined) return `--public-url ${settings['public-url']}`
  return settings['trust-proxy'] === undefined ? undefined : '--trust-proxy'
}

/** Whether accounts or a policy are there; unreadable ones are, and nobody gets in. */
const mayBeSetUp = async (isSetUp: () => Promise<boolean>): Promise<boolean> => {
  try {
    return await isSetUp()
  } catch (error) {
    if (error instanceof AccessError && error.code === 'UNAVAILABLE') return true
    throw error
  }
}

/**
 * Whether the registry is open to all at the start.
 *
 * @param others what lets others in
 * @throws SettingsError when others reach the address and nothing says who may do what
 */
const checkOpen = async (
  settings: Settings,
  others: string | undefined,
  isSetUp: () => Promise<boolean>,
): Promise<boolean> => {
  if (settings.auth === 'off') return true
  if (settings.auth !== 'auto' || (await mayBeSetUp(isSetUp))) return false
  if (others === undefined) return true
  throw new SettingsError(
    `${others} lets others in, and nothing says who may do what: add an account first (slipway user add NAME), or say --auth off to let anyone push and delete`,
  )
}

/**
 * Opens the store and serves the registry from it.
 *
 * @throws whatever keeps it from starting: the store's, the certificate's, the address's failure
 */
export const startServer = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunningServer> => {
  const { host, port } = settings.listen
  const others = letsOthersIn(settings)
  const onlyLocal = others === undefined
  const opened = await openApp(settings, env, { redirectHeads: false, onlyLocal })
  await opened.warmUp()
  const { app, store, logger } = opened
  const open = await checkOpen(settings, others, opened.isSetUp)
  const fetch = async (request: Request, bindings: HttpBindings | Http2Bindings) => {
    const { incoming, outgoing } = bindings as HttpBindings
    let body: Readable | undefined
    // Web streams would cost several times what Node's do.
    const answer = await app.fetch(request, {
      ...originOf(incoming, settings['trust-proxy']),
      body: () => bodyOf(incoming),
      sendBody: (taken) => {
        body = taken
      },
    } satisfies AppEnv['Bindings'])
    return body === undefined ? answer : sendStream(answer, body, outgoing, logger)
  }
  const options = { fetch, ...(await listener(settings)) }
  const server = createAdaptorServer(options) as Server
  server.prependListener('request', keepPath)
  server.on('request', discardUnread)
  // A push may take hours; what ends it is silence, not its length.
  server.requestTimeout = 0
  server.timeout = IDLE_TIMEOUT
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const endHousekeeping = settings['read-only'] ? () => {} : startHousekeeping(store, logger)
  return {
    url: urlOf(settings, server.address() as AddressInfo),
    open,
    stop: () =>
      new Promise((resolve, reject) => {
        endHousekeeping()
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeIdleConnections()
      }),
  }
}
