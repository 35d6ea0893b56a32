/**
 * Requests to addresses that an administrator named, or that such an address named in turn. The platform's
 * `fetch` cannot say which addresses it may connect to, nor whose certificates it trusts.
 *
 * @module
 */

import { tracingChannel } from 'node:diagnostics_channel'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { type Allows, isPrivate, lookupOf, refusedAddress } from './private-addresses.ts'

/** How a host is connected to. */
export interface Connection {
  /** Certificates of the authorities that its own is checked with, PEM. Default: the platform's. */
  readonly ca?: string | undefined
  /** Whether it may have a private address, or which addresses it may have. */
  readonly privateAddresses: boolean | Allows
  /** Connections that are kept, for requests with the same rules alone. Default: each has one of its own. */
  readonly kept?: KeptConnections
}

/** Connections to the hosts of one server that is asked often. */
export interface KeptConnections {
  agentFor(url: URL): http.Agent
  /** Ends them, those in use, too. */
  close(): void
}

export interface Outgoing extends Connection {
  readonly headers: Readonly<Record<string, string>>
  /** Ends the request, its body included. */
  readonly signal: AbortSignal
  /** Is told when all of it has gone, its body included. */
  readonly gone?: (() => void) | undefined
}

/** A request that is sent. Whoever follows it may add to its headers when it begins. */
export interface Sent {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers: Record<string, string>
}

/** Tells whoever subscribes of each request, and how it ends. Without subscribers it costs nothing. */
export const OUTGOING = tracingChannel<unknown, Sent>('slipway.outgoing')

/** A URL's host: a name, or an address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** Fails for a URL whose host is itself an address that is not allowed; names are looked up later. */
const checkHost = (url: URL, allows: Allows): void => {
  const host = hostOf(url)
  if (isIP(host) !== 0 && !allows(host)) throw refusedAddress(host)
}

/** Milliseconds for which a connection is kept that nobody uses. */
const IDLE = 15_000

/** Most connections that are kept to a host while nobody uses them. */
const MOST_IDLE = 8

/** Keeps connections. How many there are at a time is for whoever sends requests to say. */
export const keepConnections = (): KeptConnections => {
  const options = { keepAlive: true, maxFreeSockets: MOST_IDLE, timeout: IDLE }
  const [plain, secure] = [new http.Agent(options), new https.Agent(options)]
  return {
    agentFor: ({ protocol }) => (protocol === 'https:' ? secure : plain),
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

const publicOnly: Allows = (address) => !isPrivate(address)

/** Sends a body as it is read. A server that refuses may respond before it has read it: the response counts. */
const stream = (body: Readable, request: http.ClientRequest): void => {
  body.on('error', (error) => request.destroy(error))
  request.once('close', () => body.destroy())
  request.once('response', (response) => {
    if (request.writableFinished) return
    body.unpipe(request)
    body.destroy()
    // Half a request is in the way of the next one.
    response.once('close', () => request.destroy()).once('end', () => request.destroy())
  })
  body.pipe(request)
}

const connect = (
  { method, url, headers }: Sent,
  { ca, privateAddresses, signal, kept, gone }: Connection & Pick<Outgoing, 'signal' | 'gone'>,
  body?: string | Uint8Array | Readable,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const allows = privateAddresses === false ? publicOnly : privateAddresses
    if (allows !== true) checkHost(url, allows)
    const { request } = url.protocol === 'https:' ? https : http
    const host = hostOf(url)
    const options = {
      method,
      headers,
      signal,
      // A connection that others opened was not checked.
      agent: kept?.agentFor(url) ?? false,
      // Whom it is connected to, whatever a header Host says.
      servername: isIP(host) === 0 ? host : '',
      ...(ca === undefined ? {} : { ca }),
      ...(allows === true ? {} : { lookup: lookupOf(allows) }),
    } as const
    const sent = request(url, options, resolve)
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy()
        reject(new Error(`${url.host} switches to another protocol`))
      })
      // It is no error to Node that a request is destroyed.
      .on('close', () => reject(new Error(`${url.host} gives no response`)))
    if (gone !== undefined) sent.once('finish', gone)
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) sent.end(body)
    else stream(body, sent)
  })

const send = (
  method: Sent['method'],
  url: URL,
  outgoing: Outgoing,
  body?: string | Uint8Array | Readable,
): Promise<IncomingMessage> => {
  const sent = { method, url, headers: { ...outgoing.headers } }
  return OUTGOING.tracePromise(() => connect(sent, outgoing, body), sent)
}

/**
 * Sends a GET on a connection of its own. No redirect is followed. The body must be read or destroyed.
 *
 * @throws Error when it cannot be connected to, or has a private address that is not allowed
 */
export const getFrom = (url: URL, outgoing: Outgoing): Promise<IncomingMessage> =>
  send('GET', url, outgoing)

/** Sends a HEAD; otherwise as {@link getFrom}. */
export const headFrom = (url: URL, outgoing: Outgoing): Promise<IncomingMessage> =>
  send('HEAD', url, outgoing)

/** Sends a POST; otherwise as {@link getFrom}. */
export const postTo = (url: URL, body: string, outgoing: Outgoing): Promise<IncomingMessage> =>
  send('POST', url, outgoing, body)

/** Sends a PUT; otherwise as {@link getFrom}. @param body one that is read as it is sent needs a Content-Length */
export const putTo = (
  url: URL,
  body: Uint8Array | Readable,
  outgoing: Outgoing,
): Promise<IncomingMessage> => send('PUT', url, outgoing, body)
