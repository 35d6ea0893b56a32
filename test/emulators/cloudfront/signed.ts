/**
 * Signed URLs: "Create a signed URL using a canned policy".
 *
 * @module
 */

import { createVerify } from 'node:crypto'
import { splitTarget } from './viewer.ts'

/** Parameters of the signature, which neither origins nor the cache's key have. */
const OWN = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm']

const isOwn = (pair: string): boolean => OWN.includes(pair.split('=')[0] ?? '')

/** A target without its signature. */
export const withoutSignature = (target: string): string => {
  const [path, query] = splitTarget(target)
  const others = query.split('&').filter((pair) => pair !== '' && !isOwn(pair))
  return others.length === 0 ? path : `${path}?${others.join('&')}`
}

/**
 * Whether a URL is signed by one of the keys and has not expired.
 *
 * @param origin scheme and host that the viewer asked
 * @param keys PEM by key pair id
 * @param now clock in milliseconds
 */
export const isSigned = (
  origin: string,
  target: string,
  keys: Readonly<Record<string, string>>,
  now: number,
): boolean => {
  const query = new URLSearchParams(splitTarget(target)[1])
  const key = keys[query.get('Key-Pair-Id') ?? '']
  const expires = Number(query.get('Expires') ?? Number.NaN)
  if (key === undefined || !(expires * 1000 > now)) return false
  const condition = { DateLessThan: { 'AWS:EpochTime': expires } }
  const resource = origin + withoutSignature(target)
  const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] })
  const characters: Readonly<Record<string, string>> = { '-': '+', _: '=', '~': '/' }
  const signature = (query.get('Signature') ?? '').replaceAll(/[-_~]/g, (each) => characters[each]!)
  const algorithm = query.get('Hash-Algorithm') === 'SHA256' ? 'sha256' : 'sha1'
  return createVerify(algorithm).update(policy).verify(key, signature, 'base64')
}
