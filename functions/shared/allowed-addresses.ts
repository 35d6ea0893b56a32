/**
 * Which addresses may be connected to where an administrator has named private ones in a document.
 *
 * @module
 */

import { BlockList, isIP } from 'node:net'
import { type Allows, isPrivate } from './private-addresses.ts'

/** What a document says of private addresses: all but link-local ones, some, or (undefined) none. */
export type AllowedPrivate = true | readonly string[] | undefined

/** What is wrong with an address or a range of them. */
export const rangeFault = (text: string): string | undefined => {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const most = family === 6 ? 128 : 32
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  return family !== 0 && fits && more.length === 0
    ? undefined
    : 'expected an address or a range of them, as in 10.1.2.3 or fd00::/8'
}

/** Link-local addresses: those of a machine's own credentials are among them. */
const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')
// The same, as NAT64 has it.
LINK_LOCAL.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const listOf = (ranges: readonly string[]): BlockList => {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return list
}

/** Which addresses may be connected to, besides public ones. */
export const allowanceOf = (allowed: AllowedPrivate): Allows => {
  if (allowed === undefined) return (address) => !isPrivate(address)
  if (allowed === true) return (address) => !LINK_LOCAL.check(address, familyOf(address))
  const list = listOf(allowed)
  return (address) => !isPrivate(address) || list.check(address, familyOf(address))
}

/** The address in a URL whose host is one that may not be connected to; undefined for any other, and for names. */
export const refusedIn = ({ hostname }: URL, allowed: AllowedPrivate): string | undefined => {
  const host = hostname.replace(/^\[|\]$/g, '')
  return isIP(host) !== 0 && !allowanceOf(allowed)(host) ? host : undefined
}
