/**
 * Where a request comes from, and which address the client used. Headers of proxies are believed only
 * if a trusted proxy sent them, since anyone can send them.
 *
 * @module
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Networks } from '../compose/networks.ts'
import { parseForwarded } from './forwarded.ts'
import type { Front, Origin } from './front.ts'

/** An address with IPv4 in IPv6 form turned into IPv4. */
export const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** An address as proxies write it, with or without a port. */
export const addressOf = (hop: string): string => {
  const [, bracketed, dotted] = hop.trim().match(/^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/) ?? []
  return plain(bracketed ?? dotted ?? hop.trim())
}

/** What the trusted proxies in front of this server say of the client. */
interface Told {
  /** An address, or what is none; absent if they said nothing. */
  readonly client?: string | undefined
  readonly scheme?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
}

const first = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',', 1)[0]?.trim() || undefined

/**
 * By X-Forwarded-*. The client is the last address that is not a trusted proxy's: those before it may
 * be made up, so they are not used even if it cannot be read.
 */
const byOwnHeaders = (headers: IncomingHttpHeaders, isProxy: Networks): Told => ({
  client: String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map(addressOf)
    .findLast((hop) => !isProxy(hop)),
  scheme: first(headers['x-forwarded-proto']),
  host: first(headers['x-forwarded-host']),
  port: first(headers['x-forwarded-port']),
})

/**
 * By Forwarded: as far back as trusted proxies received it. The first of them knows best which address
 * the client used; what it does not tell, the next may.
 */
const byForwarded = (header: string, isProxy: Networks): Told => {
  const hops = parseForwarded(header) ?? []
  const begin = Math.max(
    hops.findLastIndex((hop) => !isProxy(addressOf(hop.for ?? ''))),
    0,
  )
  const trusted = hops.slice(begin)
  return {
    client: hops[begin]?.for === undefined ? undefined : addressOf(hops[begin].for),
    scheme: trusted.find(({ proto }) => proto !== undefined)?.proto?.toLowerCase(),
    host: trusted.find(({ host }) => host !== undefined)?.host,
  }
}

/**
 * Forwarded counts only where no X-Forwarded-* is: a proxy that sets these may pass on a Forwarded that
 * the client made up.
 */
const toldBy = (headers: IncomingHttpHeaders, isProxy: Networks): Told => {
  const own = Object.keys(headers).some((name) =>
    /^x-forwarded-(?:for|proto|host|port)$/.test(name),
  )
  return own ? byOwnHeaders(headers, isProxy) : byForwarded(headers.forwarded ?? '', isProxy)
}

/** Host and port. Checked, since it goes into quotes in headers, and URL allows quotes in a name. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/

/** A host with the port that the proxies name, unless it has one. */
const withPort = (host: string | undefined, port: string | undefined): string | undefined =>
  host === undefined || port === undefined || !/^\d{1,5}$/.test(port) || /:\d*$/.test(host)
    ? host
    : `${host}:${port}`

/** Scheme and host as a URL has them; `localhost` for what is no name of a host. */
export const originFor = (scheme: 'http' | 'https', host: string | undefined): string =>
  URL.parse(`${scheme}://${HOST.test(host ?? '') ? host : 'localhost'}`)?.origin ??
  `${scheme}://localhost`

/** Reads a request's origin; `isProxy` tells the trusted proxies. */
export const originOf = (
  {
    socket,
    headers,
  }: Pick<IncomingMessage, 'headers'> & {
    readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'>
  },
  isProxy: Networks | undefined,
): Origin => {
  const peer = plain(socket.remoteAddress ?? '')
  const told: Told = isProxy?.(peer) ? toldBy(headers, isProxy) : {}
  const isTold = told.client !== undefined && isIP(told.client) !== 0
  const address = isTold ? told.client : peer
  const port = isTold ? undefined : socket.remotePort
  const own = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http'
  const scheme = (told.scheme ?? own) === 'https' ? 'https' : 'http'
  const host = withPort(told.host ?? headers.host, told.port)
  return { origin: originFor(scheme, host), address, port }
}

/** Clients themselves, and proxies of these networks that tell whom requests come from. */
export const clientsAndProxies = (trusted: Networks | undefined): Front => ({
  originOf: (incoming) => originOf(incoming, trusted),
  halfDuplex: false,
})
