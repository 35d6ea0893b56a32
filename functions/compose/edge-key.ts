/**
 * The key that URLs at the edge are signed with. Like the secret that the edge shows, it is derived from
 * the one that seals upload states: the deploy tells CloudFront the public half, and nobody keeps the other.
 *
 * @module
 */

import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

/** Order of the group of P-256 (FIPS 186). */
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** More than the order has, so that its remainder is as good as uniform (FIPS 186-5 A.4.1). */
const BYTES = 48

/** The private key of P-256 with this scalar, from 1 to the order of the group. */
export const privateKeyOf = (scalar: bigint): KeyObject => {
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(d)
  const point = pair.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) =>
    each.toString('base64url'),
  )
  const jwk = { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x: x!, y: y! }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

/** A key of P-256, the same each time for the same root and name. @param root see `edgeSecret` */
export const edgeKey = (root: Uint8Array, name: string): KeyObject => {
  const bytes = Buffer.from(hkdfSync('sha256', root, '', `slipway edge url 1 ${name}`, BYTES))
  return privateKeyOf((BigInt(`0x${bytes.toString('hex')}`) % (ORDER - 1n)) + 1n)
}

/** The public half, as CloudFront takes it: PEM. */
export const publicEdgeKey = (root: Uint8Array, name: string): string =>
  createPublicKey(edgeKey(root, name)).export({ type: 'spki', format: 'pem' }).toString()
