/**
 * JWS compact form (RFC 7515 section 7.1) through the {@link Signer} port: jose signs only with keys
 * it holds.
 *
 * @module
 */

import type { Signer } from '../keys/signer.ts'

const part = (value: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs claims; `alg` and `kid` are the signer's. */
export const signCompact = async (
  signer: Signer,
  type: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> => {
  const header = { typ: type, alg: signer.algorithm, kid: signer.kid }
  const input = `${part(header)}.${part(claims)}`
  const signature = await signer.sign(new TextEncoder().encode(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}
