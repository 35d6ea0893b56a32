/**
 * Where a request comes from and which address the client thinks it talks to. Headers of proxies
 * are believed only from proxies that are trusted: anyone can send them.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { type BlockList, isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { isIn } from '../compose/networks.ts'

export interface Origin {
  /** Scheme and host as the client sees them. */
  readonly origin: string
  /** Address of the client. */
  readonly address: string
}

/** IPv4 in IPv6 form is IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** An address as proxies write it, some with a port. */
const addressOf = (hop: string): string => {
  const [, bracketed, dotted] = hop.trim().match(/^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/) ?? []
  return plain(bracketed ?? dotted ?? hop.trim())
}

/**
 * The last address of X-Forwarded-For that is no trusted proxy's: the ones before may be made up,
 * also where the last one is none that can be read.
 */
const clientOf = (peer: string, forwarded: string, trusted: BlockList | undefined): string => {
  const hops = forwarded.split(',').map(addressOf)
  const client = hops.findLast((hop) => !isIn(trusted, hop)) ?? ''
  return isIP(client) === 0 ? peer : client
}

const first = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',', 1)[0]?.trim() || undefined

/** Host and port. It is put in quotes in headers, and URL takes quotes for part of a name. */
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/

/** Reads a request's origin; `trusted` are the networks of proxies. */
export const originOf = (
  { socket, headers }: IncomingMessage,
  trusted: BlockList | undefined,
): Origin => {
  const peer = plain(socket.remoteAddress ?? '')
  const proxied = isIn(trusted, peer)
  const address = proxied ? clientOf(peer, String(headers['x-forwarded-for'] ?? ''), trusted) : peer
  const own = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http'
  const scheme = (proxied && first(headers['x-forwarded-proto'])) || own
  const host = (proxied && first(headers['x-forwarded-host'])) || headers.host
  const named = HOST.test(host ?? '') ? host : 'localhost'
  const url = URL.parse(`${scheme === 'https' ? 'https' : 'http'}://${named}`)
  return { origin: url?.origin ?? `${own}://localhost`, address }
}
