/**
 * Requests to addresses that an administrator named, or that such an address named in turn. The platform's
 * `fetch` cannot say which addresses it may connect to, nor whose certificates it trusts.
 *
 * @module
 */

import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { type Allows, isPrivate, lookupOf, refusedAddress } from './private-addresses.ts'

/** How a host is connected to. */
export interface Connection {
  /** Certificates of the authorities that its own is checked with, PEM. Default: the platform's. */
  readonly ca?: string | undefined
  /** Whether it may have a private address, or which addresses it may have. */
  readonly privateAddresses: boolean | Allows
}

export interface Outgoing extends Connection {
  readonly headers: Readonly<Record<string, string>>
  /** Ends the request, its body included. */
  readonly signal: AbortSignal
}

/** A URL's host: a name, or an address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

/** Fails for a URL whose host is itself an address that is not allowed; names are looked up later. */
const checkHost = (url: URL, allows: Allows): void => {
  const host = hostOf(url)
  if (isIP(host) !== 0 && !allows(host)) throw refusedAddress(host)
}

const publicOnly: Allows = (address) => !isPrivate(address)

const send = (
  method: 'GET' | 'POST',
  url: URL,
  outgoing: Outgoing,
  body?: string,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { ca, privateAddresses, headers, signal } = outgoing
    const allows = privateAddresses === false ? publicOnly : privateAddresses
    if (allows !== true) checkHost(url, allows)
    const { request } = url.protocol === 'https:' ? https : http
    const host = hostOf(url)
    const options = {
      method,
      headers,
      signal,
      // A connection that others opened was not checked.
      agent: false,
      // Whom it is connected to, whatever a header Host says.
      servername: isIP(host) === 0 ? host : '',
      ...(ca === undefined ? {} : { ca }),
      ...(allows === true ? {} : { lookup: lookupOf(allows) }),
    } as const
    request(url, options, resolve).on('error', reject).end(body)
  })

/**
 * Sends a GET on a connection of its own. No redirect is followed. The body must be read or destroyed.
 *
 * @throws Error when it cannot be connected to, or has a private address that is not allowed
 */
export const getFrom = (url: URL, outgoing: Outgoing): Promise<IncomingMessage> =>
  send('GET', url, outgoing)

/** Sends a POST; otherwise as {@link getFrom}. */
export const postTo = (url: URL, body: string, outgoing: Outgoing): Promise<IncomingMessage> =>
  send('POST', url, outgoing, body)
