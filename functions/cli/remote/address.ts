/**
 * Addresses of registries that are administered: whoever reads along would have their credentials.
 *
 * @module
 */

import { secureUrl } from '../../shared/secure-url.ts'
import { shown } from '../../transfer/registry/address.ts'
import type { Http } from '../../transfer/registry/http.ts'
import { originOf as originOfHost } from '../../transfer/registry/target.ts'
import type { RegistryPlace } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'

const HOST = /^[\w.-]+(?::\d+)?$|^\[[\da-f:.]+\](?::\d+)?$/i

/**
 * The scheme and host of a registry that was named by its URL, or by its host as docker has it.
 *
 * @throws UsageError for what is no address, or http without --plain-http
 */
export const originOf = async (
  http: Http,
  { address, plainHttp }: RegistryPlace,
): Promise<string> => {
  if (HOST.test(address)) return originOfHost(http, address, plainHttp)
  const url = URL.parse(address)
  const isBare = url?.pathname === '/' && url.search + url.hash + url.username + url.password === ''
  if (url === null || !isBare || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `--registry: expected the URL of a registry, as in https://registry.example, without a name or a path in it`,
    )
  }
  if (plainHttp || secureUrl(url.href) !== undefined) return url.origin
  throw new UsageError(`--registry ${url.origin} has no TLS: expected https, or --plain-http`)
}

/** Sends nothing over connections that others can read, unless that is wanted. */
export const secured = (
  http: Pick<Http, 'send'>,
  { plainHttp }: RegistryPlace,
): Pick<Http, 'send'> => ({
  send: async (outgoing) => {
    if (plainHttp || secureUrl(outgoing.url) !== undefined) return http.send(outgoing)
    throw new CommandError(
      `a token is to be had at ${shown(outgoing.url)}, which has no TLS: nothing was sent there`,
    )
  },
})
