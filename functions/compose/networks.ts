/**
 * Networks of addresses, as settings name them.
 *
 * @module
 */

import { BlockList, isIP } from 'node:net'
import * as z from '../shared/schema.ts'

/** Whether an address is in one of the networks. */
export type Networks = (address: string) => boolean

const contains =
  (list: BlockList): Networks =>
  (address) => {
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }

/** Reads networks: `10.0.0.0/8,::1/128`. */
export const networks = z.converted(z.string(), (value, refuse) => {
  const list = new BlockList()
  for (const each of value.split(',').map((text) => text.trim())) {
    const [, address = '', bits] = each.match(/^([^/]*)(?:\/(\d{1,3}))?$/) ?? []
    const family = isIP(address)
    const longest = family === 4 ? 32 : 128
    const prefix = bits === undefined ? longest : Number(bits)
    if (family === 0 || prefix > longest) {
      return refuse(`${JSON.stringify(each)} is not a network: expected 10.0.0.0/8 or ::1/128`)
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return contains(list)
})
