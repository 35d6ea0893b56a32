/**
 * The addresses of AWS, as it publishes them in ip-ranges.json: some ten thousand networks, looked up for
 * every download.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import * as z from '../shared/schema.ts'
import { SettingsError } from './errors.ts'
import type { Networks } from './networks.ts'

const DOCUMENT = z.object({
  prefixes: z.array(z.object({ ip_prefix: z.string() })),
  ipv6_prefixes: z.array(z.object({ ipv6_prefix: z.string() })),
})

/** Bytes of an address, most significant first. */
const bytesOf = (address: string, family: number): readonly number[] => {
  if (family === 4) return address.split('.').map(Number)
  const dotted = address.match(/^(.*:)(\d+\.\d+\.\d+\.\d+)$/)
  const quads = dotted?.[2]?.split('.').map(Number) ?? []
  const tail = quads.length === 0 ? [] : [quads[0]! * 256 + quads[1]!, quads[2]! * 256 + quads[3]!]
  const [left = '', right] = (dotted?.[1]?.replace(/(?<!:):$/, '') ?? address).split('::')
  const groups = (text: string | undefined): number[] =>
    text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []
  const [first, last] = [groups(left), [...groups(right), ...tail]]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 255])
}

const numberOf = (address: string, family: number): bigint =>
  bytesOf(address, family).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** First and last address. */
type Range = readonly [first: bigint, last: bigint]

const rangeOf = (network: string): Range => {
  const [address = '', bits] = network.split('/')
  const family = isIP(address)
  const longest = family === 4 ? 32 : 128
  if (family === 0 || !/^\d{1,3}$/.test(bits ?? '') || Number(bits) > longest) {
    throw new RangeError(`${JSON.stringify(network)} is not a network`)
  }
  const size = 1n << BigInt(longest - Number(bits))
  const first = (numberOf(address, family) / size) * size
  return [first, first + size - 1n]
}

/** In order, and none within or beside another, so that one search finds an address. */
const merged = (ranges: readonly Range[]): readonly Range[] => {
  const all: [bigint, bigint][] = []
  for (const [first, last] of ranges.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    const before = all.at(-1)
    if (before === undefined || first > before[1] + 1n) all.push([first, last])
    else if (last > before[1]) before[1] = last
  }
  return all
}

const has = (ranges: readonly Range[], address: bigint): boolean => {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[middle]![1] < address) low = middle + 1
    else high = middle
  }
  return ranges[low] !== undefined && ranges[low]![0] <= address
}

/** Networks of both families. @throws RangeError naming what is none */
export const networksOf = (networks: readonly string[]): Networks => {
  const of = (family: 4 | 6) =>
    merged(networks.filter((each) => each.includes(':') === (family === 6)).map(rangeOf))
  const ranges = { 4: of(4), 6: of(6) }
  return (address) => {
    const family = isIP(address)
    if (family === 0) return false
    return has(ranges[family as 4 | 6], numberOf(address.replace(/%.*$/, ''), family))
  }
}

/** Reads the list. @throws Error, of one line, when it is none */
export const parseAwsNetworks = (json: string): Networks => {
  const { success, data } = DOCUMENT.safeParse(JSON.parse(json))
  if (!success) throw new RangeError('it has no prefixes and ipv6_prefixes')
  return networksOf([
    ...data.prefixes.map((each) => each.ip_prefix),
    ...data.ipv6_prefixes.map((each) => each.ipv6_prefix),
  ])
}

/**
 * Reads the file.
 *
 * @throws SettingsError naming the file and what is wrong with it
 */
export const readAwsNetworks = async (path: string): Promise<Networks> => {
  try {
    return parseAwsNetworks(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new SettingsError(
      `the file of AWS's networks ${path} cannot be used: ${(cause as Error).message}; expected https://ip-ranges.amazonaws.com/ip-ranges.json`,
      { cause },
    )
  }
}
