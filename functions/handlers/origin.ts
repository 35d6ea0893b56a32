/**
 * Where a request comes from and which address the client thinks it talks to. Headers of proxies
 * are believed only from proxies that are trusted: anyone can send them.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { type BlockList, isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'

export interface Origin {
  /** Scheme and host as the client sees them. */
  readonly origin: string
  /** Address of the client. */
  readonly address: string
}

export interface OriginOptions {
  readonly publicUrl: string | undefined
  readonly trusted: BlockList | undefined
}

/** IPv4 in IPv6 form is IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

const isTrusted = (trusted: BlockList | undefined, address: string): boolean => {
  const family = isIP(address)
  return (
    trusted !== undefined && family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
  )
}

/** The last address of X-Forwarded-For that is no trusted proxy's: the ones before may be made up. */
const clientOf = (peer: string, forwarded: string, trusted: BlockList | undefined): string => {
  const hops = forwarded.split(',').map((hop) => plain(hop.trim()))
  return hops.findLast((hop) => isIP(hop) !== 0 && !isTrusted(trusted, hop)) ?? peer
}

const first = (header: string | string[] | undefined): string | undefined =>
  [header].flat()[0]?.split(',', 1)[0]?.trim() || undefined

/** Reads a request's origin. */
export const originOf = (
  { socket, headers }: IncomingMessage,
  { publicUrl, trusted }: OriginOptions,
): Origin => {
  const peer = plain(socket.remoteAddress ?? '')
  const proxied = isTrusted(trusted, peer)
  const address = proxied ? clientOf(peer, String(headers['x-forwarded-for'] ?? ''), trusted) : peer
  if (publicUrl !== undefined) return { origin: new URL(publicUrl).origin, address }
  const own = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http'
  const scheme = (proxied && first(headers['x-forwarded-proto'])) || own
  const host = (proxied && first(headers['x-forwarded-host'])) || headers.host
  const url = URL.parse(`${scheme === 'https' ? 'https' : 'http'}://${host ?? 'localhost'}`)
  return { origin: url?.origin ?? `${own}://localhost`, address }
}
