/**
 * Addresses that are not of the public internet: an address that somebody else names must not lead there.
 *
 * @module
 */

import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** The IANA registries of special-purpose addresses: RFC 6890, RFC 8190. */
const RANGES: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const LIST = new BlockList()
for (const [address, prefix] of RANGES) {
  LIST.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4')
}

/** Whether an address, as text, is private. IPv4 inside IPv6 counts as IPv4. */
export const isPrivate = (address: string): boolean => {
  const family = isIP(address)
  return family === 0 || LIST.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** The error for an address that is refused. */
export const refusedAddress = (host: string): Error =>
  new Error(`${host} has a private address, which is not allowed`)

/** Whether an address may be connected to. */
export type Allows = (address: string) => boolean

/**
 * Looks names up as Node does, and fails for one that has an address which is not allowed. What was checked is what
 * is connected to, so that a name cannot change its address in between. Node asks for names alone, not for addresses.
 */
export const lookupOf =
  (allows: Allows): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, [])
      if (!found.every(({ address }) => allows(address))) return done(refusedAddress(host), [])
      if (options.all) return done(null, found)
      const [{ address, family } = { address: '', family: 0 }] = found
      done(null, address, family)
    })
  }

/**
 * The address to connect to for a host, a name or an address itself.
 *
 * @throws Error where there is none, or one that is not allowed
 */
export const addressFor = async (host: string, allows: Allows): Promise<string> => {
  if (isIP(host) === 0) {
    return new Promise((resolve, reject) => {
      lookupOf(allows)(host, { all: false }, (error, address) =>
        error === null ? resolve(String(address)) : reject(error),
      )
    })
  }
  if (!allows(host)) throw refusedAddress(host)
  return host
}

/** Looks up names whose addresses are all public. */
export const publicLookup: LookupFunction = lookupOf((address) => !isPrivate(address))
