/**
 * Where a request comes from, and which address the client used. Headers of proxies are believed only
 * if a trusted proxy sent them, since anyone can send them.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Networks } from '../compose/networks.ts'

export interface Origin {
  /** Scheme and host as the client sees them. */
  readonly origin: string
  /** Address of the client. */
  readonly address: string
}

/** An address with IPv4 in IPv6 form turned into IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** An address as proxies write it, with or without a port. */
const addressOf = (hop: string): string => {
  const [, bracketed, dotted] = hop.trim().match(/^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/) ?? []
  return plain(bracketed ?? dotted ?? hop.trim())
}

/**
 * The last address in X-Forwarded-For that is not a trusted proxy's. Those before it may be made up,
 * so they are not used even if it cannot be read.
 */
const clientOf = (peer: string, forwarded: string, isProxy: Networks): string => {
  const hops = forwarded.split(',').map(addressOf)
  const client = hops.findLast((hop) => !isProxy(hop)) ?? ''
  return isIP(client) === 0 ? peer : client
}

const first = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',', 1)[0]?.trim() || undefined

/** Host and port. Checked, since it goes into quotes in headers, and URL allows quotes in a name. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/

/** Reads a request's origin; `isProxy` tells the trusted proxies. */
export const originOf = (
  { socket, headers }: IncomingMessage,
  isProxy: Networks | undefined,
): Origin => {
  const peer = plain(socket.remoteAddress ?? '')
  const proxied = isProxy?.(peer) ? isProxy : undefined
  const address = proxied ? clientOf(peer, String(headers['x-forwarded-for'] ?? ''), proxied) : peer
  const own = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http'
  const scheme = (proxied && first(headers['x-forwarded-proto'])) || own
  const host = (proxied && first(headers['x-forwarded-host'])) || headers.host
  const named = HOST.test(host ?? '') ? host : 'localhost'
  const url = URL.parse(`${scheme === 'https' ? 'https' : 'http'}://${named}`)
  return { origin: url?.origin ?? `${own}://localhost`, address }
}
